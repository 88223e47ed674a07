import { createTrainer, defineSharing, regression, sgd, tableDataset } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { imtl } from '../../src/gradient-balancing/imtl.js';
import { linearRun, runLinear } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', imtl)) test(name, run);
describe('on the representation', () => {
  const checks = conformance('step-plan', () => imtl({ gradientsOf: 'representation' }));
  for (const { name, run } of checks) test(name, run);
});

test('begins as IMTL-G, with the heads as they are', async () => {
  const [step] = await linearRun(imtl({ scale: 'paper' }), goldenJacobian, [2, 3]);
  expectClose(step?.weights, [0.59233, 0.40767]);
  expectClose(step?.shared, [0.076697, 1, 1]);
  expectClose(step?.heads, [1, 1]);
});

test('then scales move by Adam, down for losses above 1, and with them the heads and the length of the direction', async () => {
  // The derivatives e^s L − 1 are 19 and 29 at first: Adam's first step is the learning rate for both.
  const [, step] = await linearRun(imtl({ learningRate: 0.1, scale: 'paper' }), goldenJacobian, [20, 30], { steps: 2 });
  const factor = Math.exp(-0.1);
  expectClose(step?.heads, [factor, factor]);
  expectClose(step?.shared, [0.076697 * factor, factor, factor]);
  expectClose(step?.weights, [0.59233 * factor, 0.40767 * factor]);
});

test('on a representation that is the shared parameters themselves, row by row, it is what it is on parameters', async () => {
  const jacobian = [...goldenJacobian, [1, -2, 0.3]];
  const run = (gradientsOf: 'shared' | 'representation') =>
    runLinear(imtl({ learningRate: 0.1, gradientsOf, scale: 'paper' }), jacobian, [20, 30, 0.5], { steps: 3 });
  const [found, expected] = [await run('representation'), await run('shared')];
  expectClose(found.theta, expected.theta, 1e-5);
  found.events.forEach(({ weights, losses }, step) => {
    expectClose(Object.values(weights), Object.values(expected.events[step]?.weights ?? {}), 1e-5);
    expectClose(Object.values(losses), Object.values(expected.events[step]?.losses ?? {}), 1e-5);
  });
});

/** A model with one number for all tasks, z = θ x, and one for each, h_k z. */
const scalarSharing = (theta: number, heads: Readonly<Record<string, number>>) =>
  defineSharing({
    name: 'scalars',
    bind({ scope }) {
      const shared = scope.child('shared').variable('theta', [], () => Float32Array.of(theta));
      const own = Object.entries(heads).map(([name, head]) => {
        const child = scope.child('heads').child(name, { usedBy: [name] });
        return [name, child.variable('slope', [], () => Float32Array.of(head))] as const;
      });
      return {
        forward({ x }) {
          const z = tf.mul(x as tf.Tensor, shared);
          const features = Object.fromEntries(own.map(([name, slope]) => [name, tf.mul(z, slope)]));
          const outputs = Object.fromEntries(Object.entries(features).map(([name, value]) => [name, { value }]));
          return { outputs, features, intermediates: {}, shared: z };
        },
      };
    },
  });

/** The method on squared errors of that model, in plain numbers: θ and the heads after so many steps. */
function plainly(
  x: readonly number[],
  labels: readonly (readonly number[])[],
  theta: number,
  heads: readonly number[],
) {
  let [t, h, s] = [theta, [...heads], heads.map(() => 0)];
  const [rate, learningRate] = [0.05, 0.1];
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  for (let step = 0; step < 2; step++) {
    const errors = labels.map((y, k) => x.map((one, b) => (h[k] as number) * t * one - (y[b] as number)));
    const losses = errors.map((error) => sum(error.map((e) => e * e)) / x.length);
    const factors = s.map(Math.exp);
    // ∂(e^s L)/∂z of every row.
    const byRow = errors.map((error, k) =>
      error.map((e) => ((factors[k] as number) * 2 * e * (h[k] as number)) / x.length),
    );
    const norms = byRow.map((row) => Math.hypot(...row));
    const alpha = norms.map((norm) => (sum(norms) - norm) / sum(norms));
    const below = byRow.map((row) => sum(row.map((one, b) => one * (x[b] as number))));
    const above = errors.map(
      (error, k) => (factors[k] as number) * sum(error.map((e, b) => (2 * e * t * (x[b] as number)) / x.length)),
    );
    t -= rate * sum(below.map((one, k) => (alpha[k] as number) * one));
    h = h.map((one, k) => one - rate * (above[k] as number));
    // Adam's first step is the learning rate against the sign of e^s L − 1.
    if (step === 0) s = losses.map((loss) => -learningRate * Math.sign(loss - 1));
  }
  return [t, ...h];
}

test('on the representation, where it is another thing than on parameters, it does what it does in plain numbers', async () => {
  const x = [1, -2, 0.5];
  const labels = { a: [0.1, 1, -0.2], b: [4, 3, -5] };
  const trained = async (gradientsOf: 'shared' | 'representation') => {
    const trainer = await createTrainer({
      tasks: [regression('a', { standardize: false }), regression('b', { standardize: false })],
      sharing: scalarSharing(0.7, { a: 0.6, b: -1.1 }),
      balancing: imtl({ learningRate: 0.1, gradientsOf, scale: 'paper' }),
      optimizer: sgd({ learningRate: 0.05 }),
    });
    const inputs = { x: { data: Float32Array.from(x), shape: [3, 1] } };
    await trainer.fit(tableDataset({ inputs, columns: labels }), { epochs: 2, batchSize: 3, shuffle: false });
    const paths = ['shared/theta', 'heads/a/slope', 'heads/b/slope'];
    const found = await Promise.all(
      paths.map(async (path) => (await trainer.parameters?.read(path))?.data[0] as number),
    );
    trainer.dispose();
    return found;
  };
  expectClose(await trained('representation'), plainly(x, [labels.a, labels.b], 0.7, [0.6, -1.1]));
  // With one shared number both gradients have the same unit vector but for its sign.
  expect(
    Math.abs(((await trained('shared'))[0] as number) - ((await trained('representation'))[0] as number)),
  ).toBeGreaterThan(0.01);
});

import {
  balanceGradients,
  createTrainer,
  defineSharing,
  type FitOptions,
  type GradientBalancing,
  regression,
  type StepEvent,
  sgd,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { crMogm } from '../../src/gradient-balancing/cr-mogm.js';
import { ntkMtl } from '../../src/gradient-balancing/ntk-mtl.js';
import { logTransform } from '../../src/log-transform.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', ntkMtl, { claims })) test(name, run);
describe('in two parts', () => {
  const checks = conformance('gradient-balancing', () => ntkMtl({ parts: 2 }), { claims });
  for (const { name, run } of checks) test(name, run);
});
test('golden values: the sum of unit gradients, times the root of the sum of squared lengths', async () => {
  const { weights, direction } = await balanced(ntkMtl({ scale: 'paper' }), goldenJacobian);
  expectClose(weights, [1.763834, 1.213954]);
  expectClose(direction, [0.228387, 2.977788, 2.977788]);
});

/** Weights and direction of gradients by part, task and column. */
async function ofParts(part: GradientBalancing, parts: readonly (readonly (readonly number[])[])[], losses?: number[]) {
  const names = (parts[0] ?? []).map((_, k) => `task${k}`);
  const balance = balanceGradients(part, names);
  const jacobian = tf.tensor3d(parts.map((rows) => rows.map((row) => [...row])));
  const { weights, direction } = await balance.direction(jacobian, losses);
  const found = { weights: Array.from(weights ?? []), direction: Array.from(direction.dataSync()) };
  tf.dispose([jacobian, direction]);
  balance.dispose();
  return found;
}

const inTwo = ntkMtl({ parts: 2, scale: 'paper' });

test('by hand: parts that are orthogonal, that agree, and that cancel', async () => {
  const tensors = tf.memory().numTensors;
  const [one, other] = [
    [
      [3, 0],
      [1, 0],
      [2, 2],
    ],
    [
      [0, 4],
      [1, 0],
      [-2, -2],
    ],
  ] as const;
  // Largest eigenvalues of [[9, 0], [0, 16]], [[1, 1], [1, 1]] and [[8, -8], [-8, 8]]: 16, 2 and 16; half of each sums to 17.
  const { weights, direction } = await ofParts(inTwo, [one, other]);
  expectClose(weights, [Math.sqrt(17 / 8), Math.sqrt(17), Math.sqrt(17 / 8)]);
  // Of the mean gradients [1.5, 2], [1, 0] and [0, 0].
  expectClose(direction, [1.5 * Math.sqrt(17 / 8) + Math.sqrt(17), 2 * Math.sqrt(17 / 8)]);
  // The third is absent: 8 + 1.
  const two = await ofParts(inTwo, [one, other], [1, 1, Number.NaN]);
  expectClose(two.weights, [Math.sqrt(9 / 8), 3, 0]);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('parts that agree give what the whole batch gives', async () => {
  const parts = ntkMtl({ parts: 3, scale: 'paper' });
  const { weights, direction } = await ofParts(parts, [goldenJacobian, goldenJacobian, goldenJacobian]);
  expectClose(weights, [1.763834, 1.213954]);
  expectClose(direction, [0.228387, 2.977788, 2.977788]);
});

test('gradients by part are asked for where there are parts, and only there', async () => {
  await expect(balanced(inTwo, goldenJacobian)).rejects.toThrow(/`jacobian` must have shape \[parts, 2, parameters\]/);
  await expect(ofParts(ntkMtl(), [goldenJacobian])).rejects.toThrow(/`jacobian` must have shape \[2, parameters\]/);
});

test('what is put around it hands on the parts', async () => {
  const parts = [goldenJacobian, goldenJacobian.map((row) => row.map((value, c) => value * (c + 1)))];
  const plain = await ofParts(inTwo, parts);
  expectClose((await ofParts(crMogm({ inner: inTwo, scale: 'paper' }), parts)).weights, plain.weights);
  // Of logarithms all gradients are divided by their losses, and so are the weights besides.
  const losses = [2, 5];
  const divided = parts.map((rows) => rows.map((row, k) => row.map((value) => value / (losses[k] as number))));
  const expected = (await ofParts(inTwo, divided)).weights.map((weight, k) => weight / (losses[k] as number));
  expectClose((await ofParts(logTransform(inTwo), parts, losses)).weights, expected);
});

// Linear regressions y = h_k (θ · x) with fixed h and two shared parameters: gradients are known, and a Gramian of any number of parts has the
// eigenvalues of a matrix [2, 2].
const slopes = [0.6, -1.1, 2];
const names = ['a', 'b', 'c'];
const count = 14;
const x = uniformFloats(2 * count, 'ntk', 'x').map((value) => 2 * value - 1);
/** `b` has labels in few rows, `c` none in the second batch of seven. */
const labels = names.map((name, k) =>
  uniformFloats(count, 'ntk', name).map((value, row) =>
    (k === 1 && row % 3 !== 0) || (k === 2 && row >= 7) ? Number.NaN : 3 * value - 1,
  ),
);
const start = [0.4, -0.3];

const regressions = defineSharing({
  name: 'regressions',
  bind({ scope }) {
    const theta = scope.child('shared').variable('theta', [2, 1], () => Float32Array.from(start));
    return {
      forward(inputs) {
        const z = tf.matMul(inputs.x as tf.Tensor2D, theta as tf.Tensor2D);
        const outputs = Object.fromEntries(names.map((name, k) => [name, { value: tf.mul(z, slopes[k] as number) }]));
        return { outputs, features: {}, intermediates: {}, shared: z };
      },
    };
  },
});

async function train(balancing: GradientBalancing, fit: Partial<FitOptions>) {
  const trainer = await createTrainer({
    tasks: names.map((name) => regression(name, { standardize: false })),
    sharing: regressions,
    balancing,
    optimizer: sgd({ learningRate: 0.05 }),
  });
  const events: StepEvent[] = [];
  const data = tableDataset({
    inputs: { x: { data: x, shape: [count, 2] } },
    columns: Object.fromEntries(names.map((name, k) => [name, labels[k] as Float32Array])),
  });
  const callbacks = [{ stepEnd: (event: StepEvent) => void events.push(event) }];
  await trainer.fit(data, { epochs: 1, batchSize: 7, shuffle: false, ...fit, callbacks });
  const theta = Array.from((await trainer.parameters?.read('shared/theta'))?.data ?? []);
  trainer.dispose();
  return { weights: events.map(({ weights }) => names.map((name) => weights[name] as number)), theta };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

/** The method in plain numbers, in steps of so many rows. */
function plainly(parts: number, of: 'shared' | 'representation', steps: readonly number[]) {
  const theta = [...start];
  const weights: number[][] = [];
  let from = 0;
  for (const size of steps) {
    const rows = Array.from({ length: size }, (_, i) => from + i);
    const labelled = names.map((_, k) => rows.filter((row) => !Number.isNaN(labels[k]?.[row])));
    const at = (row: number, c: number) => x[2 * row + c] as number;
    /** ∂L/∂z of a row, and by the parameters. */
    const slope = (k: number, row: number) => {
      const h = slopes[k] as number;
      const z = sum(theta.map((one, c) => one * at(row, c)));
      return 2 * h * (h * z - (labels[k]?.[row] as number));
    };
    const gradient = (k: number, some: readonly number[]) =>
      theta.map((_, c) => mean(some.map((row) => slope(k, row) * at(row, c))));
    const eigenvalues = labelled.map((own, k) => {
      const split = Array.from({ length: parts }, (_, part) => own.filter((row) => rows.indexOf(row) % parts === part));
      const there = split.filter((some) => some.length > 0);
      if (there.length === 0) return 0;
      if (of === 'representation') {
        const squares = there.map((some) => sum(some.map((row) => (slope(k, row) / some.length) ** 2)));
        return Math.max(...squares) / there.length;
      }
      const found = there.map((some) => gradient(k, some));
      const entry = (i: number, j: number) => sum(found.map((one) => (one[i] as number) * (one[j] as number)));
      const [trace, determinant] = [entry(0, 0) + entry(1, 1), entry(0, 0) * entry(1, 1) - entry(0, 1) ** 2];
      return (trace + Math.sqrt(trace ** 2 - 4 * determinant)) / 2 / there.length;
    });
    const own = eigenvalues.map((value) => (value > 0 ? Math.sqrt(sum(eigenvalues) / value) : 0));
    weights.push(own);
    const gradients = labelled.map((some, k) => (some.length === 0 ? [0, 0] : gradient(k, some)));
    theta.forEach((one, c) => {
      theta[c] = one - 0.05 * sum(gradients.map((ofTask, k) => (own[k] as number) * (ofTask[c] as number)));
    });
    from += size;
  }
  return { weights, theta };
}

function expectSame(found: Awaited<ReturnType<typeof train>>, expected: ReturnType<typeof plainly>): void {
  expect(found.weights).toHaveLength(expected.weights.length);
  found.weights.forEach((weights, step) => {
    expectClose(weights, expected.weights[step] ?? [], 1e-5);
  });
  expectClose(found.theta, expected.theta, 1e-5);
}

describe.each(['shared', 'representation'] as const)('on regressions, gradients of %s', (gradientsOf) => {
  test.each([1, 2, 3, 5])('in %i parts it does what it does in plain numbers', async (parts) => {
    const balancing = ntkMtl({ parts, gradientsOf, scale: 'paper' });
    expectSame(await train(balancing, {}), plainly(parts, gradientsOf, [7, 7]));
    // Batches of four, four, four and two rows.
    expectSame(await train(balancing, { batchSize: 4, accumulate: 2 }), plainly(parts, gradientsOf, [8, 6]));
  });
});

test('one part is the method without parts, bit for bit', async () => {
  const options = { scale: 'paper' } as const;
  expect(await train(ntkMtl({ ...options, parts: 1 }), {})).toEqual(await train(ntkMtl(options), {}));
  expect(ntkMtl().options).toMatchObject({ parts: 1 });
});

test('refuses more parts than a batch has rows', async () => {
  await expect(train(ntkMtl({ parts: 8 }), {})).rejects.toThrow('`parts` must be at most 7 with 7 rows in a batch');
});

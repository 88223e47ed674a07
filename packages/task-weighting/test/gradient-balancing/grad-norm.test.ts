import { adam, createTrainer, mlp, regression, tableDataset, uniformStream } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { gradNorm, logitSlopes } from '../../src/gradient-balancing/grad-norm.js';
import { expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', gradNorm, { claims })) test(name, run);

const golden = Float64Array.of(18, -22, -22, 38);

test('golden value of the derivatives by the logits', () => {
  expectClose(logitSlopes(golden, Float64Array.of(1, 1), [2 / 4, 3 / 4], 1.5), [5.203527, -5.203527]);
});

test('the derivatives by the logits agree with finite differences', () => {
  const alpha = 0.7;
  const ratios = [0.5, 0.8];
  const weightsOf = (a: readonly number[]) => {
    const [p = 0, q = 0] = a.map(Math.exp);
    return Float64Array.of((2 * p) / (p + q), (2 * q) / (p + q));
  };
  const lengthsOf = (a: readonly number[]) =>
    [Math.sqrt(18), Math.sqrt(38)].map((norm, i) => norm * (weightsOf(a)[i] as number));
  const at = [0.3, -0.2];
  const mean = lengthsOf(at).reduce((sum, length) => sum + length, 0) / 2;
  const lossOf = (a: readonly number[]) =>
    lengthsOf(a).reduce((sum, length, i) => sum + Math.abs(length - mean * ((ratios[i] as number) / 0.65) ** alpha), 0);
  const numeric = at.map((_, i) => {
    const moved = (by: number) => lossOf(at.map((value, j) => value + (j === i ? by : 0)));
    return (moved(1e-6) - moved(-1e-6)) / 2e-6;
  });
  expectClose(logitSlopes(golden, weightsOf(at), ratios, alpha), numeric, 1e-6);
});

test('makes gradients equally long, and those of tasks that lag behind longer', async () => {
  const opened = openGradients(gradNorm({ alpha: 1, learningRate: 0.05 }), 2);
  let weights: number[] = [];
  for (let step = 0; step < 150; step++) {
    // Both tasks began with a loss of 1; the second has come half as far.
    const found = await opened.step(goldenJacobian, step === 0 ? [1, 1] : [0.25, 0.5]);
    weights = Array.from(found.weights ?? []);
  }
  const [a = 0, b = 0] = [Math.sqrt(18), Math.sqrt(38)].map((norm, i) => norm * (weights[i] as number));
  expect(b / a).toBeGreaterThan(1.8);
  expect(b / a).toBeLessThan(2.2);
  opened.dispose();
});

test('on the problem of the paper, weights follow the inverse of the scale of targets', async () => {
  // f_i(x) = σ_i tanh((b + ε_i) · x) with σ = 1 and 100, smaller than published: gradients are as long as σ, losses as its square.
  const draw = uniformStream('grad-norm');
  const normal = (deviation: number) =>
    deviation * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const [rows, width] = [256, 20];
  const common = Array.from({ length: width }, () => normal(10));
  const slopes = [1, 100].map((sigma) => ({ sigma, own: common.map((value) => value + normal(3.5)) }));
  const x = Array.from({ length: rows }, () => {
    const row = Array.from({ length: width }, () => 2 * draw() - 1);
    return row.map((value) => value / Math.hypot(...row));
  });
  const columns = slopes.map(({ sigma, own }) =>
    x.map((row) => sigma * Math.tanh(row.reduce((sum, value, i) => sum + value * (own[i] as number), 0))),
  );
  const trainer = await createTrainer({
    tasks: [regression('small', { standardize: false }), regression('large', { standardize: false })],
    sharing: plainSharing(mlp([32, 32])),
    balancing: gradNorm({ alpha: 0.12, learningRate: 0.05 }),
    optimizer: adam({ learningRate: 1e-4 }),
    seed: 1,
  });
  const seen: number[][] = [];
  await trainer.fit(
    tableDataset({
      inputs: { x: { data: Float32Array.from(x.flat()), shape: [rows, width] } },
      columns: { small: columns[0] as number[], large: columns[1] as number[] },
    }),
    { epochs: 20, batchSize: 32, callbacks: [{ stepEnd: ({ weights }) => void seen.push(Object.values(weights)) }] },
  );
  trainer.dispose();
  expect(seen[0]).toEqual([1, 1]);
  const [small = 0, large = 0] = seen.at(-1) ?? [];
  expect(small / large).toBeGreaterThan(70);
  expect(small / large).toBeLessThan(140);
  // Little by little: never back.
  const halfway = seen[Math.floor(seen.length / 4)] as number[];
  expect(halfway[0]).toBeGreaterThan(1.2);
  expect(halfway[0]).toBeLessThan(small);
});

import { createTrainer, mlp, regression, sgd, tableDataset, uniformFloats } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { conFig } from '../../src/gradient-balancing/con-fig.js';
import { mConFig } from '../../src/gradient-balancing/m-con-fig.js';
import { linearRun } from '../linear-run.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', mConFig)) test(name, run);

test('golden values: nothing in the first step, one of size 1 per coordinate in the second', async () => {
  const [first, second] = await linearRun(mConFig(), goldenJacobian, [2, 3], { steps: 2 });
  expectClose(first?.shared, [0, 0, 0]);
  expectClose(first?.heads, [0, 0]);
  expectClose(second?.shared, [1, 1, 1], 1e-5);
  expectClose(second?.heads, [1, 1], 1e-5);
});

test('with constant gradients goes the way of ConFIG from step K on', async () => {
  // Gradients of all parameters: the heads' are 1 for the task itself and 0 for the others.
  const jacobian = [
    [-4, 1, 1],
    [6, 1, 2],
    [0.5, 3, -1],
  ];
  const all = jacobian.map((row, k) => [...row, ...jacobian.map((_, j) => (j === k ? 1 : 0))]);
  const { weights } = await balanced(conFig({ scale: 'paper' }), all);
  const steps = await linearRun(mConFig(), jacobian, [1, 1, 1], { steps: 7 });
  for (const step of steps.slice(2)) expectClose(step.weights, Array.from(weights ?? []), 1e-4);
});

test('inner products that are carried on are those of the means, for more tasks than one program adds up', async () => {
  const names = Array.from({ length: 10 }, (_, k) => `task${k}`);
  const noise = (size: number, key: string) => uniformFloats(size, 'm-con-fig', key).map((value) => 2 * value - 1);
  const rows = 24;
  const trainer = await createTrainer({
    tasks: names.map((name) => regression(name)),
    sharing: plainSharing(mlp([4])),
    balancing: mConFig(),
    optimizer: sgd({ learningRate: 1e-3 }),
    seed: 1,
  });
  try {
    const columns = Object.fromEntries(names.map((name) => [name, noise(rows, name)]));
    const data = tableDataset({ inputs: { x: { data: noise(3 * rows, 'x'), shape: [rows, 3] } }, columns });
    await trainer.fit(data, { epochs: 12, batchSize: 8 });
    const { state, tensors } = await trainer.checkpoint();
    const { products, updates } = (state as { balancing: { products: number[]; updates: number } }).balancing;
    expect(updates).toBe(36 - 9);
    const means = names.map((name) => (tensors[`stored/mean/${name}`] as { data: Float32Array }).data);
    const inner = means.flatMap((a) => means.map((b) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)));
    const size = Math.max(...inner);
    expectClose(
      products.map((product) => product / size),
      inner.map((product) => product / size),
      1e-6,
    );
  } finally {
    trainer.dispose();
  }
});

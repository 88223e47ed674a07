import { createTrainer, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, it } from 'vitest';

it('has the losses and gradients that it is told, layer by layer', async () => {
  const { data, ...problem } = linearProblem([[3, 1], [0, 4]], [2, 5], { widths: [1, 1], times: 10 }); // biome-ignore format: a matrix
  const trainer = await createTrainer({ ...problem, optimizer: sgd({ learningRate: 0.01 }) });
  const { tasks } = await trainer.fit(data, { epochs: 1, batchSize: 2 });
  expect([tasks.a?.trainLoss[0], tasks.b?.trainLoss[0]]).toEqual([20, 50]);
  expect((await trainer.parameters?.read('shared/0/theta'))?.data[0]).toBeCloseTo(-0.3, 6);
  expect((await trainer.parameters?.read('shared/1/theta'))?.data[0]).toBeCloseTo(-0.5, 6);
  trainer.dispose();
});

it('refuses what is no problem', () => {
  const rows = 'Option `jacobian` must be rows of 2 numbers, one for each of θ, at least one row';
  expect(() => linearProblem([[3, 0], [0]], [2, 5])).toThrow(rows);
  expect(() => linearProblem([[3]], [2], { widths: [1, 1] })).toThrow(rows);
  expect(() => linearProblem([], [])).toThrow('at least one row');
  expect(() => linearProblem([[3], [1]], [2])).toThrow('Option `losses` must be 2 numbers, one for each row');
});

import { createTrainer, mlp, regression, sgd, tableDataset, uniformFloats } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { meanTeacher } from '../../src/views/mean-teacher.js';
import { trainLinear } from '../linear.js';

beforeAll(() => tf.setBackend('cpu'));

describe('conformance', () => {
  const make = () => meanTeacher({ decay: 0.8, view: { noise: 0.1 }, updateEvery: 2 });
  for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'] })) test(name, run);
});

const x = [
  [1, 0],
  [0.5, 1],
  [-1, 2],
];
const weights = { a: [2, -1], b: [0.5, 3] };
const labels = { a: [1, 2, -1], b: [0, Number.NaN, 1] };

test.each([1, 2])('the teacher is the mean of what the network was, every %s steps', async (updateEvery) => {
  const decay = 0.6;
  const options = { steps: 6, learningRate: 0.1 };
  const { events, seen } = await trainLinear(weights, x, labels, [meanTeacher({ decay, updateEvery })], options);
  let teacher = Object.values(weights);
  let updates = 0;
  events.forEach(({ terms }, step) => {
    // The network before this step.
    const student = step === 0 ? Object.values(weights) : Object.values(seen[step - 1] ?? {});
    if (step > 0 && step % updateEvery === 0) {
      updates += 1;
      const share = Math.min(decay, 1 - 1 / (updates + 1));
      teacher = teacher.map((w, k) => w.map((value, i) => share * value + (1 - share) * (student[k]?.[i] as number)));
    }
    const squares = teacher.flatMap((w, k) =>
      x.map(
        (row) => row.reduce((sum, value, i) => sum + value * ((student[k]?.[i] as number) - (w[i] as number)), 0) ** 2,
      ),
    );
    const term = squares.reduce((sum, square) => sum + square, 0) / squares.length;
    expect(terms['mean-teacher']).toBeCloseTo(term, 5);
    expect(term > 0).toBe(step >= 1);
  });
});

test('a network that stands still agrees with its teacher: nothing is added, bit for bit', async () => {
  const run = (auxiliary: ReturnType<typeof meanTeacher>[], learningRate: number, steps: number) =>
    trainLinear(weights, x, labels, auxiliary, { steps, learningRate });
  const still = await run([meanTeacher({ decay: 0.3 })], 1e-30, 4);
  expect(still.events.map(({ terms }) => terms['mean-teacher'])).toEqual([0, 0, 0, 0]);
  expect((await run([meanTeacher()], 0.1, 1)).seen).toEqual((await run([], 0.1, 1)).seen);
});

test('predictions of the teacher are constants', async () => {
  // One step after the first: the slope of the term is that of the student alone, 2 mean (w − w′)·x x.
  const at = async (auxiliary: ReturnType<typeof meanTeacher>[]) =>
    (await trainLinear({ a: [2, -1] }, x, { a: [1, 2, -1] }, auxiliary, { steps: 2, learningRate: 0.1 })).seen;
  const [first, plain] = await at([]);
  const found = (await at([meanTeacher({ decay: 0.5 })]))[1]?.a as number[];
  const apart = (first?.a ?? []).map((value, i) => (value - ([2, -1][i] as number)) / 2);
  [0, 1].forEach((i) => {
    const slope = x.reduce(
      (sum, row) => sum + row.reduce((dot, value, j) => dot + value * (apart[j] as number), 0) * (row[i] as number),
      0,
    );
    expect((plain?.a?.[i] as number) - (found[i] as number)).toBeCloseTo((0.1 * 2 * slope) / 3, 5);
  });
});

test('the teacher uses the statistics of the network as they are, and no dropout', async () => {
  const rows = 8;
  const data = tableDataset({
    inputs: { x: { data: uniformFloats(rows * 3, 'teacher').map((value) => 10 * value), shape: [rows, 3] } },
    columns: { a: uniformFloats(rows, 'a') },
  });
  const found: number[][] = [];
  const teacher = meanTeacher();
  // Looks at what the teacher predicts.
  const watched = {
    ...teacher,
    bind(context: Parameters<typeof teacher.bind>[0]) {
      const bound = teacher.bind(context);
      return {
        ...bound,
        async batchFeeds(primitives: Parameters<NonNullable<typeof bound.batchFeeds>>[0]) {
          const given = await bound.batchFeeds?.(primitives);
          found.push([...(await primitives.read(given?.['prediction/a'] as never)).data]);
          return given as never;
        },
      };
    },
  };
  const trainer = await createTrainer({
    tasks: [regression('a')],
    sharing: plainSharing(mlp([4], { batchNorm: true, dropout: 0.5 })),
    auxiliary: [watched],
    // Parameters stay where they are, and statistics move.
    optimizer: sgd({ learningRate: 1e-30 }),
    seed: 2,
  });
  const predicted: number[][] = [];
  const { inputs } = data.gather([0, 1, 2, 3, 4, 5, 6, 7]);
  const watch = { stepEnd: async () => void predicted.push((await trainer.predict(inputs)).a as number[]) };
  await trainer.fit(data, { epochs: 3, batchSize: rows, shuffle: false, callbacks: [watch] });
  trainer.dispose();
  expect(found).toHaveLength(3);
  [1, 2].forEach((step) => {
    found[step]?.forEach((value, row) => void expect(value).toBeCloseTo(predicted[step - 1]?.[row] as number, 5));
  });
  // Not by chance: they do move.
  expect(Math.abs((predicted[1]?.[0] as number) - (predicted[0]?.[0] as number))).toBeGreaterThan(1e-3);
});

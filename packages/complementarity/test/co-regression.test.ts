import { type AnyTask, adam, classification, regression } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { bestOf, coRegression } from '../src/co-regression.js';
import { expectResumes, trained } from './runs.js';
import { separate } from './separate.js';
import { twoViews } from './two-views.js';

beforeAll(() => tf.setBackend('cpu'));

const make = ([a = '', b = '']: readonly string[]) => coRegression({ tasks: [a, b], neighbours: 2 });
const skip = {
  'works with one task': 'two tasks label rows for each other',
  'bears a task whose loss is 0': 'its tasks have to predict the same thing',
};
for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'], skip })) test(name, run);

test('picks the row that makes the view more consistent, by hand', () => {
  const point = (id: number, x: number, y: number) => ({ id, features: [x], label: [y] });
  const labelled = [point(1, 0, 0), point(2, 1, 4), point(3, 10, 7)];
  // The label of 4 is the mean of the two rows nearest, 2. With it the neighbours of 1 are 1 and 4, so that its estimate is 1, after 2;
  // those of 2 are 2 and 4, and its estimate is 3, after 2: errors of 4 + 4 become 1 + 1.
  const [pick] = bestOf({ labelled, candidates: [{ id: 4, features: [0.5] }] }, 2);
  expect(pick).toEqual({ id: 4, label: [2], gain: 6 });
  // Far from all, it changes no neighbourhood but that of 3: its estimate was 5.5, and with (7 + 5.5) / 2 it is nearer.
  const [far] = bestOf({ labelled, candidates: [{ id: 5, features: [11] }] }, 2);
  expect(far?.label).toEqual([5.5]);
  expect(far?.gain).toBeCloseTo(1.5 ** 2 - 0.75 ** 2, 10);
  // No gain, no label.
  const exact = [point(1, 0, 3), point(2, 1, 3)];
  expect(bestOf({ labelled: exact, candidates: [{ id: 6, features: [0.5] }] }, 2)).toEqual([]);
});

const tasks: readonly AnyTask[] = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
const options = (auxiliary: Parameters<typeof trained>[0]['auxiliary'], seed = 1) => ({
  tasks,
  sharing: separate([8]),
  auxiliary,
  seed,
  optimizer: adam({ learningRate: 0.02 }),
});

test('labels rows of the other task with numbers near the truth, and each row once', async () => {
  const { data, truth } = twoViews('number', { rows: 150, labelled: 0.1, noise: 0.2, seed: 2 });
  const term = coRegression({ tasks: ['a', 'b'], perRound: 3, neighbours: 3, rounds: 12 });
  await trained(options([term]), data, { epochs: 20, batchSize: 50 }, (trainer) => {
    const laid = ['a', 'b'].map((name) => trainer.labels.lookup(name));
    const ids = laid.flatMap((one) => Array.from(one?.ids ?? []));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(20);
    const errors = laid.flatMap((one) =>
      Array.from(one?.ids ?? [], (id, i) => Math.abs((one?.targets?.data[i] as number) - (truth[id] as number))),
    );
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    // A label drawn at random would be off by two thirds.
    expect(mean).toBeLessThan(0.3);
    const added = trainer.history?.logged['co-regression/added'] ?? [];
    expect(added.filter(Number.isFinite).length).toBe(12);
  });
});

test('goes on from a checkpoint, and refuses classes', async () => {
  const { data } = twoViews('number', { rows: 60, labelled: 0.2 });
  await expectResumes(
    () => options([coRegression({ tasks: ['a', 'b'], pool: 20 })]),
    data,
    { epochs: 4, batchSize: 30 },
    [3, 4],
  );
  const classes = [
    classification('a', { classes: 2, inputs: ['left'] }),
    classification('b', { classes: 2, inputs: ['right'] }),
  ];
  const go = trained(
    { ...options([coRegression({ tasks: ['a', 'b'] })]), tasks: classes },
    data,
    { epochs: 1 },
    () => {},
  );
  await expect(go).rejects.toThrow('For classes there is `co-training`');
});

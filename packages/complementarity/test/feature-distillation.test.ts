import { type AnyTask, adam, type FrozenModel, mlp, regression, tableDataset, uniformFloats } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { featureDistillation, normalizedDistance } from '../src/feature-distillation.js';
import { expectResumes, trained, untrained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

// The features of a trial are 8 wide, those of these teachers 5.
const untaught = new Map<string, FrozenModel>();
for (const names of [1, 3, 40].map((count) => Array.from({ length: count }, (_, i) => `task${i + 1}`)))
  untaught.set(names.join(), await untrained(names));
const each = <Value>(names: readonly string[], value: Value) => Object.fromEntries(names.map((name) => [name, value]));
const make = (names: readonly string[]) =>
  featureDistillation({
    teachers: each(names, untaught.get(names.join()) as FrozenModel),
    channels: each(names, 5),
  });
for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'] })) test(name, run);

test('is the squared distance of directions: golden value', () => {
  tf.tidy(() => {
    const distance = normalizedDistance(
      tf.tensor2d([
        [3, 4],
        [3, 4],
        [1, 0],
      ]),
      tf.tensor2d([
        [4, 3],
        [6, 8],
        [-2, 0],
      ]),
    );
    [0.08, 0, 4].forEach((value, row) => {
      expect(distance.dataSync()[row]).toBeCloseTo(value, 5);
    });
  });
});

const rows = 30;
const x = uniformFloats(rows * 4, 'features').map((value) => 2 * value - 1);
const data = tableDataset({
  inputs: { x: { data: x, shape: [rows, 4] } },
  columns: { a: x.filter((_, i) => i % 4 === 0), b: x.filter((_, i) => i % 4 === 1) },
});
const tasks: readonly AnyTask[] = ['a', 'b'].map((name) => regression(name, { standardize: false }));
const frozen = { a: await untrained(['a'], 5), b: await untrained(['b'], 6) };
const options = (term?: ReturnType<typeof featureDistillation>) => ({
  tasks,
  sharing: plainSharing(mlp([5], { activation: 'tanh' })),
  auxiliary: term === undefined ? [] : [term],
  optimizer: adam({ learningRate: 0.02 }),
});

test('shared features become like those of the teachers, which without it they do not', async () => {
  const term = featureDistillation({ teachers: frozen, learningRate: 0.02 });
  const last = (weight: number) =>
    trained(
      options(featureDistillation({ teachers: frozen, learningRate: 0.02, weight })),
      data,
      { epochs: 60, batchSize: rows },
      (_, events) => events.map(({ terms }) => terms['feature-distillation'] as number),
    );
  const [taught, alone] = [await last(1), await last(1e-9)];
  expect(taught.at(-1)).toBeLessThan(0.25 * (taught[0] as number));
  expect(taught.at(-1)).toBeLessThan(0.5 * (alone.at(-1) as number));
  await expectResumes(() => options(term), data, { epochs: 2, batchSize: 10 }, [2]);
});

test('is nothing where a teacher is the student itself, and weighs tasks as it is told', async () => {
  // The same seed and paths: the trunk starts as that of a teacher of seed 5.
  const same = await untrained(['a', 'b'], 5);
  const first = (teachers: Record<string, FrozenModel>, weights: Record<string, number>) =>
    trained(
      { ...options(featureDistillation({ teachers, weights })), seed: 5 },
      data,
      { epochs: 1, batchSize: rows },
      (_, events) => events[0]?.terms['feature-distillation'] as number,
    );
  expect(await first({ a: same, b: same }, {})).toBeCloseTo(0, 9);
  const [a, b] = [await first({ a: frozen.b, b: same }, {}), await first({ a: frozen.b, b: same }, { a: 3 })];
  expect(a).toBeGreaterThan(0.1);
  expect(b).toBeCloseTo(3 * a, 4);
});

test('refuses features of another shape', async () => {
  const narrow = { ...options(featureDistillation({ teachers: frozen })), sharing: plainSharing(mlp([7])) };
  await expect(trained(narrow, data, { epochs: 1 }, () => {})).rejects.toThrow('channels: { a: ... }');
});

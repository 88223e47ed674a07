import { type AnyTask, adam, classification, tableDataset, uniformFloats } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { deepCoTraining, divergence } from '../src/deep-co-training.js';
import { trained } from './runs.js';
import { separate } from './separate.js';
import { twoViews } from './two-views.js';

beforeAll(() => tf.setBackend('cpu'));

const make = ([a = '', b = '']: readonly string[]) => deepCoTraining({ tasks: [a, b], rampUp: 1 });
const skip = {
  'works with one task': 'it is about two',
  'bears a task whose loss is 0': 'its tasks have to predict the same thing',
};
for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'], skip })) test(name, run);

test('agreement is the Jensen-Shannon divergence: golden values', () => {
  tf.tidy(() => {
    const [p, q] = [tf.tensor2d([[0.7, 0.2, 0.1]]), tf.tensor2d([[0.5, 0.3, 0.2]])];
    expect(divergence('classes', [p, q]).dataSync()[0]).toBeCloseTo(0.021901, 5);
    expect(divergence('classes', [p, p]).dataSync()[0]).toBeCloseTo(0, 6);
    // Certain and opposite: the logarithm of 2.
    expect(divergence('chances', [tf.tensor1d([1]), tf.tensor1d([0])]).dataSync()[0]).toBeCloseTo(Math.log(2), 6);
    expect(
      divergence('amounts', [tf.tensor1d([1]), tf.tensor1d([5])], { standardDeviation: 2 }).dataSync()[0],
    ).toBeCloseTo(1, 6);
  });
});

test('its weights rise along a sigmoid', () => {
  const bound = deepCoTraining({ tasks: ['a', 'b'], rampUp: 80 }).bind({
    tasks: ['a', 'b'].map((name) => classification(name, { classes: 2 })),
    inputs: {},
  } as never);
  const at = (epoch: number) => bound.feeds?.({ epoch, stepsPerEpoch: null } as never).ramp?.data[0];
  expect(at(0)).toBeCloseTo(Math.exp(-5), 6);
  expect(at(40)).toBeCloseTo(Math.exp(-1.25), 6);
  expect([at(80), at(200)]).toEqual([1, 1]);
});

const rows = 20;
const x = uniformFloats(rows * 2, 'deep').map((value) => 2 * value - 1);
const known = Int32Array.from({ length: rows }, (_, row) =>
  row % 2 === 0 ? ((x[2 * row] as number) > 0 ? 1 : 0) : -1,
);
const data = tableDataset({ inputs: { x: { data: x, shape: [rows, 2] } }, columns: { a: known, b: known.slice() } });
const tasks: readonly AnyTask[] = ['a', 'b'].map((name) => classification(name, { classes: 2 }));
const run = (term: ReturnType<typeof deepCoTraining>, epochs: number) =>
  trained(
    { tasks, sharing: separate([6]), auxiliary: [term], optimizer: adam({ learningRate: 0.02 }) },
    data,
    { epochs, batchSize: rows },
    (trainer) => trainer.history?.logged ?? {},
  );

test('tasks come to agree where neither has a label, and to bear what fools the other', async () => {
  const weak = { tasks: ['a', 'b'] as [string, string], rampUp: 0, epsilon: 0.4 };
  const [none, both] = [
    await run(deepCoTraining({ ...weak, agreement: 0, difference: 0 }), 40),
    await run(deepCoTraining(weak), 40),
  ];
  const last = (logged: typeof none, name: string) => logged[`deep-co-training/${name}`]?.at(-1) as number;
  expect(last(both, 'agreement')).toBeLessThan(0.5 * last(none, 'agreement'));
  expect(last(both, 'difference')).toBeLessThan(last(none, 'difference'));
});

test('an adversarial row is farther from the label than the row itself', async () => {
  // Without a step the difference is the cross-entropy of the two answers; the larger the step, the larger it is.
  const at = async (epsilon: number) =>
    (await run(deepCoTraining({ tasks: ['a', 'b'], epsilon, agreement: 0, difference: 0 }), 30))[
      'deep-co-training/difference'
    ]?.at(-1) as number;
  const [little, much] = [await at(1e-6), await at(0.5)];
  expect(much).toBeGreaterThan(little + 0.05);
});

test('reads two views, and refuses inputs that there are not', async () => {
  const views = twoViews('class', { rows: 40, labelled: 0.2 }).data;
  const own = [
    classification('a', { classes: 2, inputs: ['left'] }),
    classification('b', { classes: 2, inputs: ['right'] }),
  ];
  const go = (inputs?: string[]) =>
    trained(
      { tasks: own, sharing: separate([4]), auxiliary: [deepCoTraining({ tasks: ['a', 'b'], inputs, rampUp: 0 })] },
      views,
      { epochs: 1, batchSize: 20 },
      (_, events) => events.every(({ terms }) => Number.isFinite(terms['deep-co-training'])),
    );
  expect(await go()).toBe(true);
  await expect(go(['middle'])).rejects.toThrow('There is no float32 input named `middle`');
});

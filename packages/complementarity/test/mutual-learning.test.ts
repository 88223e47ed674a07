import {
  type AnyTask,
  binary,
  buildEncoder,
  buildHead,
  classification,
  defineSharing,
  mlp,
  regression,
  sgd,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { mutualLearning } from '../src/mutual-learning.js';
import { modelValues, trained } from './runs.js';
import { separate } from './separate.js';

beforeAll(() => tf.setBackend('cpu'));

// Pairs of forty tasks are many.
const make = (names: readonly string[]) => mutualLearning({ tasks: names.slice(0, 4) });
const skip = { 'bears a task whose loss is 0': 'its tasks have to predict the same thing' };
for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'], skip })) test(name, run);

/** The term for outputs given by hand. */
function termOf(tasks: readonly AnyTask[], outputs: Record<string, tf.Tensor>): tf.Tensor {
  const bound = mutualLearning().bind({ tasks } as never);
  const name = tasks[0]?.type === 'regression' ? 'value' : 'logits';
  const state = { outputs: Object.fromEntries(Object.entries(outputs).map(([task, one]) => [task, { [name]: one }])) };
  const of = (task: string) => tasks.find((one) => one.name === task) as AnyTask;
  return bound.loss({
    state,
    predict: (task: string) => of(task).predict(state.outputs[task] as never, {}),
    rowLosses: (task: string, at: typeof state, target: tf.Tensor) =>
      of(task).loss(at.outputs[task] as never, target, {}),
  } as never) as tf.Tensor;
}

test('is the mean divergence from the others: golden values', () => {
  const tasks = [classification('a', { classes: 3 }), classification('b', { classes: 3 })];
  tf.tidy(() => {
    const [p, q] = [tf.tensor2d([[0.7, 0.2, 0.1]]), tf.tensor2d([[0.5, 0.3, 0.2]])];
    const term = termOf(tasks, { a: tf.log(p), b: tf.log(q) });
    expect(term.dataSync()[0]).toBeCloseTo(0.092033 + 0.085123, 5);
    const three = [...tasks, classification('c', { classes: 3 })];
    const both = termOf(three, { a: tf.log(p), b: tf.log(q), c: tf.log(p) });
    expect(both.dataSync()[0]).toBeCloseTo(0.092033 + 0.085123, 5);
    const numbers = [regression('a', { standardize: false }), regression('b', { standardize: false })];
    expect(termOf(numbers, { a: tf.tensor2d([[1], [2]]), b: tf.tensor2d([[3], [2]]) }).dataSync()[0]).toBeCloseTo(4, 6);
    const yes = [binary('a'), binary('b')];
    const [l, m] = [Math.log(0.8 / 0.2), 0];
    const expected = 0.8 * Math.log(0.8 / 0.5) + 0.2 * Math.log(0.2 / 0.5) + 0.5 * Math.log(0.25 / 0.16);
    expect(termOf(yes, { a: tf.tensor2d([[l]]), b: tf.tensor2d([[m]]) }).dataSync()[0]).toBeCloseTo(expected, 5);
  });
});

test('flows into the learner alone, and is nothing between equals', () => {
  const tasks = [classification('a', { classes: 3 }), classification('b', { classes: 3 })];
  tf.tidy(() => {
    const p = tf.log(tf.tensor2d([[0.7, 0.2, 0.1]]));
    const q = tf.log(tf.tensor2d([[0.5, 0.3, 0.2]]));
    const slope = tf.grads((a: tf.Tensor, b: tf.Tensor) => termOf(tasks, { a, b }));
    const [byA, byB] = slope([p, q]) as [tf.Tensor, tf.Tensor];
    // Of KL(q || p) by the logits of p: p - q, and of KL(p || q) by those of q: q - p.
    [0.2, -0.1, -0.1].forEach((value, i) => {
      expect(byA.dataSync()[i]).toBeCloseTo(value, 5);
      expect(byB.dataSync()[i]).toBeCloseTo(-value, 5);
    });
    const same = slope([p, tf.clone(p)]) as tf.Tensor[];
    expect(same.flatMap((one) => Array.from(one.dataSync(), Math.abs))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Math.abs(termOf(tasks, { a: p, b: tf.clone(p) }).dataSync()[0] as number)).toBe(0);
  });
});

const rows = 24;
const x = uniformFloats(rows * 3, 'mutual').map((value) => 2 * value - 1);
const truth = Int32Array.from({ length: rows }, (_, row) => ((x[3 * row] as number) > 0 ? 1 : 0));
const inputs = { x: { data: x, shape: [rows, 3] } };
const options = (tasks: readonly AnyTask[], term?: ReturnType<typeof mutualLearning>) => ({
  tasks,
  sharing: separate([6]),
  auxiliary: term === undefined ? [] : [term],
  optimizer: sgd({ learningRate: 0.5 }),
});

test('a task without labels learns from the one that has them', async () => {
  const tasks = [classification('known', { classes: 2 }), classification('unknown', { classes: 2 })];
  // A task must have a label.
  const single = truth.map((label, row) => (row === 0 ? label : -1));
  const data = tableDataset({ inputs, columns: { known: truth, unknown: single } });
  const right = (term?: ReturnType<typeof mutualLearning>) =>
    trained(options(tasks, term), data, { epochs: 120, batchSize: rows }, async (trainer) => {
      const found = (await trainer.predict({ x: { data: x, shape: [rows, 3] } })).unknown as readonly {
        index: number;
      }[];
      return found.filter(({ index }, row) => index === truth[row]).length / rows;
    });
  const [alone, taught] = [await right(), await right(mutualLearning({ weight: 3 }))];
  expect(taught).toBeGreaterThan(0.85);
  expect(taught).toBeGreaterThan(alone + 0.2);
});

/** One network, whose outputs are those of both tasks. */
const one = defineSharing({
  name: 'one',
  bind({ tasks, inputs, scope }) {
    const trunk = buildEncoder(mlp([4], { dropout: 0.2, activation: 'tanh' }), scope.child('trunk'), inputs);
    const head = buildHead(scope.child('head'), tasks[0] as AnyTask, trunk.output);
    return {
      forward(tensors, step) {
        const { outputs, features } = head.apply(trunk.apply(tensors, step), step);
        const both = <Value>(value: Value) => Object.fromEntries(tasks.map(({ name }) => [name, value]));
        return { outputs: both(outputs), features: both(features), intermediates: {} };
      },
    };
  },
});

test.each([
  ['classification', (name: string): AnyTask => classification(name, { classes: 2, column: 'y' })],
  ['regression', (name: string): AnyTask => regression(name, { column: 'size', loss: 'huber', standardize: false })],
])('between equals it changes nothing, bit for bit: %s', async (_, task) => {
  const data = tableDataset({ inputs, columns: { y: truth, size: x.filter((_, i) => i % 3 === 1) } });
  const go = (sharing: typeof one, term?: ReturnType<typeof mutualLearning>) =>
    trained({ ...options(['a', 'b'].map(task), term), sharing }, data, { epochs: 2, batchSize: 8 }, modelValues);
  expect(await go(one, mutualLearning())).toEqual(await go(one));
  // Negative control: networks of their own differ from the start.
  expect(await go(separate([4]), mutualLearning())).not.toEqual(await go(separate([4])));
});

test('refuses tasks that cannot predict the same', async () => {
  const data = tableDataset({ inputs, columns: { a: truth, b: Float32Array.from(truth) } });
  const mixed = [classification('a', { classes: 2 }), regression('b')];
  await expect(trained(options(mixed, mutualLearning()), data, { epochs: 1 }, () => {})).rejects.toThrow(
    '`a` (classification: {"logits":[2]}), `b` (regression: {"value":[1]})',
  );
  const unequal = [classification('a', { classes: 2 }), classification('b', { classes: 3, column: 'a' })];
  await expect(trained(options(unequal, mutualLearning()), data, { epochs: 1 }, () => {})).rejects.toThrow(
    'predict the same thing',
  );
});

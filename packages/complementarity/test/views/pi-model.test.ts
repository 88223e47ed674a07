import { createTrainer, mlp, regression, tableDataset, uniformFloats } from '@polytask/core';
import { conformance, plainSharing, strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { piModel } from '../../src/views/pi-model.js';
import { trainLinear } from '../linear.js';

beforeAll(() => tf.setBackend('cpu'));

describe('conformance', () => {
  const make = () => piModel({ view: { noise: 0.2 }, rows: 'unlabelled', ramp: 2 });
  for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'] })) test(name, run);
});

const { NaN: none } = Number;
const weights = { a: [2, -1], b: [0.5, 3] };
const x = [
  [1, 0],
  [0, 1],
  [1, 1],
];
const labels = { a: [1, none, none], b: [1, 1, 1] };
// Each row another step along the first number: predictions move by w₁ times 1, 2, 3.
const view = (inputs: { readonly [name: string]: tf.Tensor }) => ({
  ...inputs,
  x: tf.add(
    inputs.x as tf.Tensor,
    tf.tensor2d([
      [1, 0],
      [2, 0],
      [3, 0],
    ]),
  ),
});

test.each([
  // (4 · 14 + 0.25 · 14) / 3 / 2, and the mean of 1, 2, 3 times |w₁|
  ['all', (4.25 * 14) / 6, [4, 1]],
  ['labelled', (4 + (0.25 * 14) / 3) / 2, [2, 1]],
  ['unlabelled', (4 * 13) / 2 / 2, [5, none]],
] as const)('rows %s: the mean over tasks of the mean over rows', async (rows, term, apart) => {
  const { events } = await trainLinear(weights, x, labels, [piModel({ view, rows })]);
  expect(events[0]?.terms['pi-model']).toBeCloseTo(term, 5);
  const seen = events[0]?.logged;
  ['a', 'b'].forEach((task, i) => {
    const [found, wanted] = [seen?.[`pi-model/apart/${task}`], apart[i]];
    if (Number.isNaN(wanted)) expect(found).toBeNaN();
    else expect(found).toBeCloseTo(wanted as number, 5);
  });
});

test('counts the tasks that are named', async () => {
  const { events } = await trainLinear(weights, x, labels, [piModel({ view, tasks: ['b'] })]);
  expect(events[0]?.terms['pi-model']).toBeCloseTo((0.25 * 14) / 3, 5);
  await expect(trainLinear(weights, x, labels, [piModel({ tasks: ['c'] })])).rejects.toThrow('no task named `c`');
});

test('stopGradient leaves the slope of the second pass alone', async () => {
  const options = { steps: 1, learningRate: 0.1 };
  const moved = async (auxiliary: ReturnType<typeof piModel>[]) =>
    (await trainLinear({ a: [2, -1] }, x, { a: [1, 1, 1] }, auxiliary, options)).seen[0]?.a as number[];
  const plain = await moved([]);
  // ∂/∂w of mean (w·(v(x) − x))² is 2 w₁ · 14 / 3 on w₁; with w·x as a constant it is mean 2 (w·(v(x) − x)) v(x).
  const both = await moved([piModel({ view })]);
  expect((plain[0] as number) - (both[0] as number)).toBeCloseTo((0.1 * 2 * 2 * 14) / 3, 4);
  expect((plain[1] as number) - (both[1] as number)).toBeCloseTo(0, 5);
  const one = await moved([piModel({ view, stopGradient: true })]);
  // v(x) = (2, 0), (2, 1), (4, 1); moves 2, 4, 6.
  expect((plain[0] as number) - (one[0] as number)).toBeCloseTo((0.1 * 2 * (4 + 8 + 24)) / 3, 4);
  expect((plain[1] as number) - (one[1] as number)).toBeCloseTo((0.1 * 2 * (4 + 6)) / 3, 4);
});

const rows = 12;
const data = tableDataset({
  inputs: { x: { data: uniformFloats(rows * 3, 'pi'), shape: [rows, 3] } },
  columns: { a: uniformFloats(rows, 'a'), b: uniformFloats(rows, 'b') },
});

async function trained(dropout: number, auxiliary: ReturnType<typeof piModel>[]) {
  const trainer = await createTrainer({
    tasks: [regression('a'), regression('b')],
    sharing: plainSharing(mlp([6], { batchNorm: true, dropout })),
    auxiliary,
    executor: strict(),
    seed: 1,
  });
  await trainer.fit(data, { epochs: 2, batchSize: 6 });
  const values: number[][] = [];
  const { segments = [], stateSegments = [] } = trainer.parameters?.layout ?? {};
  for (const { path } of [...segments, ...stateSegments]) {
    values.push(Array.from((await trainer.parameters?.read(path))?.data ?? []));
  }
  const terms = trainer.history?.auxiliary['pi-model'];
  trainer.dispose();
  return { values, terms };
}

test('without dropout and without a view it changes nothing, bit for bit', async () => {
  const { values, terms } = await trained(0, [piModel()]);
  expect(terms).toEqual([0, 0]);
  expect(values).toEqual((await trained(0, [])).values);
});

test('another mask is another view, and the second pass moves no statistics', async () => {
  const { values, terms } = await trained(0.4, [piModel({ weight: 0 })]);
  expect(terms?.every((term) => term > 1e-4)).toBe(true);
  expect(values).toEqual((await trained(0.4, [])).values);
});

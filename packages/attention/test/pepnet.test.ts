import { type InputSpecs, mlp, regression, tabular } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { pepnet } from '../src/pepnet.js';
import { bind, listed, product } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => pepnet({ encoder: mlp([4], { activation: 'tanh' }), units: [3, 2] });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

const linear = mlp([2], { activation: 'linear' });
const inputs: InputSpecs = {
  x: { shape: [2], dtype: 'float32' },
  place: { shape: [2], dtype: 'float32' },
  person: { shape: [], dtype: 'int32', categories: [3] },
};
const x = [
  [1, 2],
  [-3, 0.5],
];
const place = [
  [1, 0],
  [0, 1],
];
const rows = () => ({ x: tf.tensor2d(x), place: tf.tensor2d(place), person: tf.tensor1d([2, 0], 'int32') });
const relu = (all: number[][]) => all.map((row) => row.map((value) => Math.max(value, 0)));
const beside = (a: number[][], b: number[][]) => a.map((row, i) => [...row, ...(b[i] as number[])]);
const times = (a: number[][], b: number[][]) => a.map((row, i) => row.map((value, j) => value * (b[i]?.[j] as number)));

const personal = pepnet({
  encoder: linear,
  units: [3, 2],
  domain: ['place'],
  prior: ['person'],
  priorEncoder: tabular({ embeddingSize: 2 }),
});

test('domain gates embeddings, person gates every layer of the towers', () => {
  const { forward, values, usedBy, dispose } = bind(personal, ['a', 'b'], inputs);
  const { features, intermediates, shared } = forward(rows());
  const kernel = (path: string) => values<number[][]>(`${path}/kernel`);
  const gate = (path: string, seen: number[][]) =>
    product(relu(product(seen, kernel(`${path}/hidden`))), kernel(`${path}/open`)).map((row) =>
      row.map((value) => 2 / (1 + Math.exp(-value))),
    );
  const embedded = product(x, kernel('embedding/dense0'));
  const open = gate('gates/domain', beside(place, embedded));
  closeTo(listed(intermediates['gates/domain']), open);
  const scaled = times(open, embedded);
  closeTo(listed(shared), scaled);
  const table = values<number[][]>('prior/columns/person.0/table');
  const seen = beside([table[2], table[0]] as number[][], scaled);
  for (const task of ['a', 'b']) {
    let hidden = scaled;
    for (const l of [0, 1]) {
      const own = gate(`towers/${task}/gate${l}`, seen);
      closeTo(listed(intermediates[`gates/${task}/layer${l}`]), own);
      hidden = times(own, relu(product(hidden, kernel(`towers/${task}/layer${l}`))));
    }
    closeTo(listed(features[task]), hidden);
    expect(usedBy(`towers/${task}/gate0/open/kernel`)).toEqual([task]);
  }
  expect(usedBy('gates/domain/open/kernel')).toEqual(['a', 'b']);
  dispose();
});

test('gates do not move what they scale by', () => {
  const { forward, variable, dispose } = bind(personal, ['a'], inputs);
  const embedding = variable('embedding/dense0/kernel');
  const open = variable('gates/domain/open/kernel');
  // With the gates held, features are linear in the embedding as long as no relu turns: the slope along it is the features.
  const { grads, value } = tf.variableGrads(
    () => tf.sum(forward(rows()).shared as tf.Tensor) as tf.Scalar,
    [embedding, open],
  );
  const along = tf.sum(tf.mul(grads[embedding.name] as tf.Tensor, embedding)).dataSync()[0] as number;
  expect(along).toBeCloseTo(value.dataSync()[0] as number, 4);
  expect(grads[open.name]).toBeDefined();
  dispose();
});

test('refuses names that are no inputs, inputs named twice, none left, and inputs of tasks', () => {
  const of = (more: object) => () => bind(pepnet({ encoder: tabular(), units: [2], ...more }), ['a'], inputs);
  expect(of({ domain: ['where'] })).toThrow(/`where`/);
  expect(of({ domain: ['place'], prior: ['place'] })).toThrow(/named once/);
  expect(of({ domain: ['place'], prior: ['x', 'person'] })).toThrow(/at least one/);
  expect(of({ prior: ['person'] })).toThrow(expect.objectContaining({ code: 'POLYTASK_ENCODER_INPUT' }));
  const apart = [regression('a', { inputs: ['x'] }), regression('b', { inputs: ['place'] })];
  expect(() => bind(pepnet({ encoder: linear, units: [2] }), apart, inputs)).toThrow(
    expect.objectContaining({ code: 'POLYTASK_TASK_INPUTS' }),
  );
});

import { convNet, hostTensor, type InputSpecs, mlp, regression } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { crossTaskAttention } from '../src/cross-task-attention.js';
import { bind, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => crossTaskAttention({ encoder: mlp([4], { activation: 'tanh' }), attentionHeads: 2 });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

const linear = mlp([2], { activation: 'linear' });
const x = [
  [1, 2],
  [-3, 0.5],
];

test('adds to the features of a task what it takes of those of all', () => {
  const tasks = ['a', 'b', 'c'];
  const sharing = crossTaskAttention({ encoder: linear, branch: mlp([3], { activation: 'linear' }), layerNorm: false });
  const { forward, values, usedBy, dispose } = bind(sharing, tasks);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const trunk = product(x, values('trunk/dense0/kernel'));
  const branches = tasks.map((task) => product(trunk, values(`branches/${task}/dense0/kernel`)));
  const part = (name: string) => values<number[][]>(`attention/${name}/kernel`);
  x.forEach((_, row) => {
    const nodes = branches.map((branch) => branch[row] as number[]);
    const [q, k, v] = [part('query'), part('key'), part('value')].map((kernel) => product(nodes, kernel));
    tasks.forEach((task, t) => {
      const scores = (k as number[][]).map(
        (key) => key.reduce((sum, value, j) => sum + value * (q?.[t]?.[j] as number), 0) / Math.sqrt(3),
      );
      const shares = softmax(scores);
      closeTo(listed<number[][]>(intermediates[`attention/${task}`])[row] as number[], shares);
      const taken = product([weighed(shares, v as number[][])], part('output'))[0] as number[];
      closeTo(
        listed<number[][]>(features[task])[row] as number[],
        (nodes[t] as number[]).map((value, j) => value + (taken[j] as number)),
      );
    });
  });
  expect(usedBy('branches/a/dense0/kernel')).toEqual(tasks);
  dispose();
});

test('normalises by layer for each task', () => {
  const { forward, usedBy, dispose } = bind(crossTaskAttention({ encoder: mlp([6]) }), ['a', 'b']);
  const [row] = listed<number[][]>(forward({ x: tf.tensor2d(x) }).features.b);
  expect((row as number[]).reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
  expect(usedBy('norms/b/scale')).toEqual(['b']);
  dispose();
});

test('at every position of maps, and one task attends to itself', () => {
  const images: InputSpecs = { x: { shape: [4, 4, 1], dtype: 'float32' } };
  const maps = convNet({ filters: [2], kernelSize: 3, pool: 1, dense: [] });
  const { bound, forward, dispose } = bind(crossTaskAttention({ encoder: maps }), ['a'], images);
  const { features, intermediates } = forward({ x: tf.ones([1, 4, 4, 1]) }, { training: true });
  expect(features.a?.shape).toEqual([1, 2, 2, 2]);
  expect(intermediates['attention/a']?.shape).toEqual([1, 2, 2, 1]);
  expect(bound.logged).toEqual(['attention/a/a', 'attention/a/entropy']);
  expect(listed<number>(intermediates['attention/a/a'])).toBe(1);
  dispose();
});

test('takes an input per task where their rows are the same, and refuses others', () => {
  const inputs = { left: { shape: [2], dtype: 'float32' }, right: { shape: [2], dtype: 'float32' } } as const;
  const tasks = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
  const { forward, dispose } = bind(crossTaskAttention({ encoder: linear }), tasks, inputs);
  expect(forward({ left: tf.tensor2d(x), right: tf.tensor2d(x) }).features.b?.shape).toEqual([2, 2]);
  const three = hostTensor([1, 2, 3, 4, 5, 6], [3, 2]);
  expect(() => forward({ left: tf.tensor2d(x), right: tf.tensor(three.data, [3, 2]) })).toThrow(
    expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' }),
  );
  dispose();
});

import { mlp, regression } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { cgc } from '../src/cgc.js';
import { bind, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => cgc({ encoder: mlp([4], { activation: 'tanh' }) });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

const linear = mlp([3], { activation: 'linear' });
const x = [
  [1, 2],
  [-3, 0.5],
];

test('weighs shared experts and own ones by one gate', () => {
  const sharing = cgc({ encoder: linear, sharedExperts: 2, taskExperts: { b: 2 } });
  const { forward, values, usedBy, dispose } = bind(sharing, ['a', 'b']);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const kernels = { a: ['own/a/expert0'], b: ['own/b/expert0', 'own/b/expert1'] };
  for (const [task, own] of Object.entries(kernels)) {
    const experts = ['shared/expert0', 'shared/expert1', ...own].map((path) =>
      product(x, values<number[][]>(`${path}/dense0/kernel`)),
    );
    const gates = product(x, values<number[][]>(`gates/${task}/kernel`)).map(softmax);
    closeTo(listed(intermediates[`gates/${task}`]), gates);
    closeTo(
      listed(features[task]),
      gates.map((gate, row) =>
        weighed(
          gate,
          experts.map((expert) => expert[row] as number[]),
        ),
      ),
    );
    for (const path of own) expect(usedBy(`${path}/dense0/kernel`)).toEqual([task]);
  }
  expect(usedBy('shared/expert1/dense0/kernel')).toEqual(['a', 'b']);
  dispose();
});

test('without experts of its own a task has those of all', () => {
  const { forward, dispose } = bind(cgc({ encoder: linear, sharedExperts: 1, taskExperts: 0 }), ['a', 'b']);
  const { features } = forward({ x: tf.tensor2d(x) });
  closeTo(listed(features.a), listed(features.b));
  dispose();
});

test('records what a gate gives', () => {
  const { bound, forward, dispose } = bind(cgc({ encoder: linear }), ['a']);
  expect(bound.logged).toEqual(['gates/a/shared0', 'gates/a/own0', 'gates/a/entropy']);
  const { intermediates } = forward({ x: tf.tensor2d(x) }, { training: true });
  const [shared, own] = [0, 1].map((k) => listed<number>(intermediates[bound.logged?.[k] as string]));
  expect((shared as number) + (own as number)).toBeCloseTo(1, 5);
  dispose();
});

test('tasks with inputs of their own have shared experts all the same', () => {
  const inputs = { left: { shape: [2], dtype: 'float32' }, right: { shape: [2], dtype: 'float32' } } as const;
  const tasks = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
  const { forward, dispose } = bind(cgc({ encoder: linear, taskExperts: 0 }), tasks, inputs);
  const { features } = forward({ left: tf.tensor2d([[5, 6]]), right: tf.tensor2d([[5, 6]]) });
  closeTo(listed(features.a), listed(features.b));
  dispose();
});

test('refuses tasks without an expert, and numbers of tasks that are not there', () => {
  const none = cgc({ encoder: linear, sharedExperts: 0, taskExperts: { b: 0 } });
  expect(() => bind(none, ['a', 'b'])).toThrow(/Task `b` would have none/);
  expect(() => bind(cgc({ encoder: linear, taskExperts: { c: 1 } }), ['a'])).toThrow(/`c`/);
});

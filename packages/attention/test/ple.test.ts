import { mlp, regression } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { ple } from '../src/ple.js';
import { bind, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const layer = mlp([4], { activation: 'tanh' });
for (const { name, run } of conformance('sharing', () => ple({ levels: [layer, layer, mlp([3])] }), {
  skip: { 'works with forty tasks': 'a shared gate over 41 experts in two levels takes seconds; the others cover it' },
})) {
  test(name, run);
}

const x = [
  [1, 2],
  [-3, 0.5],
];
const linear = (width: number) => mlp([width], { activation: 'linear' });

test('has a shared path: each level by hand', () => {
  const tasks = ['a', 'b'];
  const { forward, values, dispose } = bind(ple({ levels: [linear(3), linear(2)] }), tasks);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const kernel = (path: string) => values<number[][]>(`${path}/kernel`);
  const mixed = (gate: number[][], experts: number[][][]) =>
    gate.map((shares, row) =>
      weighed(
        shares,
        experts.map((expert) => expert[row] as number[]),
      ),
    );
  let paths: Record<string, number[][]> = { a: x, b: x, shared: x };
  for (const level of [0, 1]) {
    const at = `level${level}`;
    const common = product(paths.shared as number[][], kernel(`${at}/shared/expert0/dense0`));
    const own = tasks.map((task) => product(paths[task] as number[][], kernel(`${at}/own/${task}/expert0/dense0`)));
    const next: Record<string, number[][]> = {};
    tasks.forEach((task, t) => {
      const gate = product(paths[task] as number[][], kernel(`${at}/gates/${task}`)).map(softmax);
      closeTo(listed(intermediates[`${at}/gates/${task}`]), gate);
      next[task] = mixed(gate, [common, own[t] as number[][]]);
    });
    if (level === 0) {
      const gate = product(paths.shared as number[][], kernel(`${at}/sharedGate`)).map(softmax);
      closeTo(listed(intermediates[`${at}/sharedGate`]), gate);
      next.shared = mixed(gate, [common, ...own]);
    }
    paths = next;
  }
  for (const task of tasks) closeTo(listed(features[task]), paths[task] as number[][]);
  dispose();
});

test('knows who uses what', () => {
  const { registered, usedBy, dispose } = bind(ple({ levels: [layer, layer, layer] }), ['a', 'b']);
  const users = (path: string) => usedBy(path).join();
  for (const level of [0, 1]) expect(users(`level${level}/own/a/expert0/dense0/kernel`)).toBe('a,b');
  expect(users('level2/own/a/expert0/dense0/kernel')).toBe('a');
  expect(['level0', 'level1', 'level2'].map((level) => users(`${level}/gates/a/kernel`))).toEqual(['a,b', 'a', 'a']);
  // The last level has no shared gate, which nothing would read.
  expect(registered.some(({ path }) => path.startsWith('level2/sharedGate'))).toBe(false);
  dispose();
});

test('without shared experts the tasks have nothing in common', () => {
  const { registered, forward, dispose } = bind(ple({ levels: [layer, layer], sharedExperts: 0 }), ['a', 'b']);
  expect(registered.every(({ usedBy }) => usedBy.length === 1)).toBe(true);
  expect(listed<number[][]>(forward({ x: tf.tensor2d(x) }).features.a)).toHaveLength(2);
  dispose();
});

test('one level is CGC, without a level in its paths', () => {
  const { registered, dispose } = bind(ple({ levels: [layer] }), ['a']);
  expect(registered.map(({ path }) => path)).toContain('own/a/expert0/dense0/kernel');
  dispose();
});

test('refuses several levels over inputs of tasks', () => {
  const inputs = { left: { shape: [2], dtype: 'float32' }, right: { shape: [2], dtype: 'float32' } } as const;
  const tasks = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
  expect(() => bind(ple({ levels: [layer, layer] }), tasks, inputs)).toThrow(
    expect.objectContaining({ code: 'POLYTASK_TASK_INPUTS' }),
  );
});

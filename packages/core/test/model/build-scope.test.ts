import { onesInitializer, uniformInitializer, zerosInitializer } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGroupScope, createRootScope, type Registry } from '../../src/model/build-scope.js';
import { useBackend } from '../helpers/backends.js';

beforeAll(() => useBackend('cpu'));

let registry: Registry;
let before: number;
beforeEach(() => {
  registry = [];
  before = tf.memory().numTensors;
});
afterEach(() => {
  for (const { variable } of registry) variable.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

const root = (seed = 1) => createRootScope(['a', 'b', 'c'], seed, registry);
const draw = uniformInitializer(1);
const values = (variable: tf.Variable) => Array.from(variable.dataSync());

it('has a structural path and the tasks that use it', () => {
  const scope = root();
  expect([scope.path, scope.usedBy, scope.tasks]).toEqual(['', ['a', 'b', 'c'], ['a', 'b', 'c']]);
  const branch = scope.child('branch', { usedBy: ['c', 'a'] });
  expect([branch.path, branch.usedBy]).toEqual(['branch', ['a', 'c']]);
  expect(branch.child('dense0').usedBy).toEqual(['a', 'c']);
  expect(branch.child('dense0', { usedBy: ['b'] })).toMatchObject({ path: 'branch/dense0', usedBy: ['b'] });
  expect(() => branch.child('x', { usedBy: ['a', 'd'] })).toThrow(/no task named `d`/);
});

it('registers variables with what is said of them', () => {
  const scope = root().child('head', { usedBy: ['b'] });
  const kernel = scope.variable('kernel', [2, 3], onesInitializer);
  scope.variable('mean', [], zerosInitializer, { trainable: false, group: 'slow', learningRate: 0.5 });
  expect(kernel.shape).toEqual([2, 3]);
  expect(values(kernel)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(registry.map(({ variable: _, ...rest }) => rest)).toEqual([
    { path: 'head/kernel', trainable: true, group: 'model', learningRate: undefined, usedBy: ['b'], owned: true },
    { path: 'head/mean', trainable: false, group: 'slow', learningRate: 0.5, usedBy: ['b'], owned: true },
  ]);
  expect(registry.map(({ variable }) => variable.trainable)).toEqual([true, false]);
});

it('gives groups of their own to what no task uses', () => {
  const scope = createGroupScope('balancing/x', ['a', 'b'], 'balancing', 1, registry);
  scope.child('deep').variable('w', [1], zerosInitializer);
  expect(registry[0]).toMatchObject({ path: 'balancing/x/deep/w', group: 'balancing', usedBy: [] });
});

describe('initial values', () => {
  it('come from seed and path alone', () => {
    const first = values(root().child('trunk').variable('kernel', [4], draw));
    const others: Registry = [];
    const scope = createRootScope(['x'], 1, others);
    scope.child('other').variable('kernel', [4], draw);
    expect(values(scope.child('trunk').variable('kernel', [4], draw))).toEqual(first);
    expect(values(others[0]?.variable as tf.Variable)).not.toEqual(first);
    for (const { variable } of others) variable.dispose();
  });

  it('differ between seeds', () => {
    const a = values(root(1).variable('a', [4], draw));
    const others: Registry = [];
    expect(values(createRootScope(['a'], 2, others).variable('a', [4], draw))).not.toEqual(a);
    for (const { variable } of others) variable.dispose();
  });

  it('know nothing of what else the scope draws', () => {
    const scope = root();
    const stream = scope.uniform('kernel');
    const numbers = [stream(), stream()];
    expect([scope.uniform('kernel')(), scope.child('x').uniform('kernel')()]).toEqual([
      numbers[0],
      expect.not.closeTo(numbers[0] as number),
    ]);
    expect(values(scope.variable('kernel', [1], draw))[0]).not.toBeCloseTo(2 * (numbers[0] as number) - 1);
  });
});

describe('adopted variables', () => {
  it('stay with their maker unless they are handed over', () => {
    const [mine, yours] = [tf.tidy(() => tf.variable(tf.zeros([2]))), tf.tidy(() => tf.variable(tf.zeros([2])))];
    root().adopt('mine', mine);
    root().adopt('yours', yours, { owned: true, trainable: false });
    expect(registry.map(({ path, owned, trainable }) => [path, owned, trainable])).toEqual([
      ['mine', false, true],
      ['yours', true, false],
    ]);
  });
});

describe('what is refused leaves no variable', () => {
  it('a path that is taken', () => {
    root().child('x').variable('kernel', [2], zerosInitializer);
    const again = () => root().child('x').variable('kernel', [2], zerosInitializer);
    expect(again).toThrow(/variable named `x\/kernel` exists already.*scope\.child/s);
    expect(again).toThrow(expect.objectContaining({ code: 'POLYTASK_DUPLICATE_PARAMETER' }));
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  it('another dtype', () => {
    const ids = () => tf.tidy(() => tf.variable(tf.tensor1d([1], 'int32')));
    expect(() => root().adopt('ids', ids(), { owned: true })).toThrow(/must be float32, but `ids` is int32/);
    expect(tf.memory().numTensors).toBe(before);
    const kept = ids();
    expect(() => root().adopt('ids', kept)).toThrow(/must be float32/);
    expect(kept.isDisposed).toBe(false);
    kept.dispose();
  });

  it('an initializer that gives another number of values', () => {
    expect(() => root().variable('kernel', [2], () => new Float32Array(3))).toThrow();
    expect(tf.memory().numTensors).toBe(before);
    expect(registry).toEqual([]);
  });
});

it('refuses more variables than a model is made of, before the next one is made', () => {
  const scope = root();
  for (let index = 0; index < 8192; index++) scope.variable(`v${index}`, [], zerosInitializer);
  expect(() => scope.variable('last', [], zerosInitializer)).toThrow(
    expect.objectContaining({ code: 'POLYTASK_MODEL_TOO_LARGE', message: expect.stringContaining('`last`') }),
  );
  expect(registry).toHaveLength(8192);
});

import { binary, firstStep, mlp, regression } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { aitm } from '../src/aitm.js';
import { bind, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([4], { activation: 'tanh' });
for (const { name, run } of conformance('sharing', () => aitm({ encoder, tower: mlp([3]) }))) test(name, run);

const linear = mlp([2], { activation: 'linear' });
const x = [
  [1, 2],
  [-3, 0.5],
];

test('each task takes of the one before by attention over two', () => {
  const sharing = aitm({ encoder: linear, tower: linear, order: ['b', 'a', 'c'] });
  const { forward, values, usedBy, dispose } = bind(sharing, ['a', 'b', 'c', 'alone']);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const shared = product(x, values('shared/dense0/kernel'));
  const tower = (task: string) => product(shared, values(`towers/${task}/dense0/kernel`));
  closeTo(listed(features.alone), tower('alone'));
  closeTo(listed(features.b), tower('b'));
  let z = tower('b');
  for (const task of ['a', 'c']) {
    const kernel = (name: string) => values<number[][]>(`transfer/${task}/${name}/kernel`);
    const info = product(z, kernel('info')).map((row) => row.map((value) => Math.max(value, 0)));
    const own = tower(task);
    z = x.map((_, row) => {
      const pair = [info[row] as number[], own[row] as number[]];
      const [v, q, k] = [product(pair, kernel('value')), product(pair, kernel('query')), product(pair, kernel('key'))];
      const fit = q.map((one, u) => one.reduce((sum, value, j) => sum + value * (k[u]?.[j] as number), 0) / Math.SQRT2);
      const shares = softmax(fit);
      closeTo(listed<number[][]>(intermediates[`transfer/${task}`])[row] as number[], shares);
      return weighed(shares, v);
    });
    closeTo(listed(features[task]), z);
  }
  expect(usedBy('towers/b/dense0/kernel')).toEqual(['a', 'b', 'c']);
  expect(usedBy('towers/c/dense0/kernel')).toEqual(['c']);
  expect(usedBy('transfer/a/info/kernel')).toEqual(['a', 'c']);
  dispose();
});

test('without a gradient back, a tower is its task’s', () => {
  const { variable, usedBy, forward, dispose } = bind(aitm({ encoder: linear, tower: linear, stopGradient: true }), [
    'a',
    'b',
  ]);
  expect(usedBy('towers/a/dense0/kernel')).toEqual(['a']);
  const tower = variable('towers/a/dense0/kernel');
  const { grads } = tf.variableGrads(
    () => tf.sum(forward({ x: tf.tensor2d(x) }).features.b as tf.Tensor) as tf.Scalar,
    [tower, variable('towers/b/dense0/kernel')],
  );
  expect(grads[tower.name] ?? undefined).toBeUndefined();
  dispose();
});

test('a later step is held to be no likelier than an earlier one, between binary tasks alone', () => {
  const tasks = [binary('view'), binary('click'), regression('price'), binary('buy')];
  const { bound, dispose } = bind(aitm({ encoder: linear, tower: linear }), tasks);
  const [term] = bound.auxiliary ?? [];
  const probabilities: Record<string, number[]> = { view: [0.5, 0.2], click: [0.9, 0.1], buy: [1, 1] };
  const predict = (task: string) => tf.tensor1d(probabilities[task] as number[]);
  // Of view and click only: 0.4 and 0, their mean.
  expect(listed<number>(term?.loss({ predict } as never) as tf.Tensor)).toBeCloseTo(0.2, 6);
  expect(term?.weight).toBe(0.6);
  // Labels play no part in it.
  expect(term?.actsOn?.({ weights: {}, step: firstStep })).toEqual(['view', 'click']);
  dispose();
  const { bound: other, dispose: end } = bind(aitm({ encoder: linear, tower: linear }), [
    binary('view'),
    regression('price'),
  ]);
  expect(other.auxiliary).toEqual([]);
  end();
});

test('refuses chains of tasks that are not there, or twice', () => {
  expect(() => bind(aitm({ encoder, tower: linear, order: ['z'] }), ['a'])).toThrow(/`z`/);
  expect(() => bind(aitm({ encoder, tower: linear, order: ['a', 'a'] }), ['a'])).toThrow(/no task twice/);
});

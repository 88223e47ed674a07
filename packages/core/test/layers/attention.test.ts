import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildAttention } from '../../src/layers/attention.js';
import { difference, errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';
import { expectSameOnWasm, expectSlopes } from '../helpers/slopes.js';

beforeAll(() => tf.setBackend('cpu'));

const [query, memory] = [float(2, 6), float(3, 5)];
const options = { heads: 2, width: 4, units: 3 };

it('is what it is head by head, in float64 by hand', () => {
  const { scope, variable, dispose } = newScope();
  const attention = buildAttention(scope, query, memory, options);
  expect(attention.output).toEqual(float(2, 3));
  tf.tidy(() => {
    variable('output/bias').assign(numbers([3], 7));
    const [q, m] = [numbers([2, 2, 6], 1), numbers([2, 3, 5], 2)];
    const { features, weights } = attention.apply(q, m, evaluating);
    const matrix = (path: string) => variable(path).arraySync() as number[][];
    const product = (a: number[][], b: number[][]) =>
      a.map((row) =>
        (b[0] as number[]).map((_, j) => row.reduce((sum, value, i) => sum + value * (b[i]?.[j] as number), 0)),
      );
    for (const row of [0, 1]) {
      const [asked, kept] = [(q.arraySync() as number[][][])[row], (m.arraySync() as number[][][])[row]];
      const [Q, K, V] = [
        product(asked as number[][], matrix('query/kernel')),
        product(kept as number[][], matrix('key/kernel')),
        product(kept as number[][], matrix('value/kernel')),
      ];
      const taken = [0, 1].map(() => [0, 0, 0, 0]);
      for (const head of [0, 1]) {
        const columns = [2 * head, 2 * head + 1];
        Q.forEach((one, n) => {
          const scores = K.map(
            (key) => columns.reduce((sum, c) => sum + (one[c] as number) * (key[c] as number), 0) / Math.SQRT2,
          );
          const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
          scores.forEach((score, p) => {
            const weight = Math.exp(score) / total;
            const found = (weights.arraySync() as number[][][][])[row]?.[head]?.[n]?.[p];
            expect(found).toBeCloseTo(weight, 5);
            for (const c of columns)
              (taken[n] as number[])[c] = (taken[n]?.[c] as number) + weight * (V[p]?.[c] as number);
          });
        });
      }
      const bias = variable('output/bias').dataSync();
      product(taken, matrix('output/kernel')).forEach((one, n) => {
        one.forEach((value, u) => {
          const found = (features.arraySync() as number[][][])[row]?.[n]?.[u];
          expect(found).toBeCloseTo(value + (bias[u] as number), 5);
        });
      });
    }
  });
  dispose();
});

it('leaves out places that are not there, and attends to all where none is', () => {
  const { scope, dispose } = newScope();
  const attention = buildAttention(scope, query, memory, options);
  tf.tidy(() => {
    const [q, m] = [numbers([3, 2, 6], 1), numbers([3, 3, 5], 2)];
    const mask = tf.tensor2d([
      [1, 1, 1],
      [1, 0, 1],
      [0, 0, 0],
    ]);
    const { features, weights } = attention.apply(q, m, evaluating, mask);
    const free = attention.apply(q, m, evaluating);
    const rows = (x: tf.Tensor, row: number) => tf.slice(x, [row], [1]).dataSync();
    expect(rows(features, 0)).toEqual(rows(free.features, 0));
    const [, second, third] = weights.arraySync() as number[][][][];
    for (const one of second?.flat() ?? []) {
      expect(one[1]).toBe(0);
      expect((one[0] as number) + (one[2] as number)).toBeCloseTo(1, 5);
    }
    for (const one of third?.flat() ?? []) expect(one.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    // As if the second place were not there at all.
    const short = buildAttention(newScope().scope, query, float(2, 5), options);
    const without = tf.concat([tf.slice(m, [1, 0, 0], [1, 1, 5]), tf.slice(m, [1, 2, 0], [1, 1, 5])], 1);
    const alone = short.apply(tf.slice(q, [1, 0, 0], [1, 2, 6]), without, evaluating).features.dataSync();
    expect(difference([...rows(features, 1)], [...alone])).toBeLessThan(1e-5);
  });
  dispose();
});

it('is as wide as its query, with one head, unless told otherwise', () => {
  const { scope, variable, dispose } = newScope();
  expect(buildAttention(scope, query, memory).output).toEqual(float(2, 6));
  expect(variable('key/kernel').shape).toEqual([5, 6]);
  dispose();
});

it('has the gradient of finite differences, of features and of weights', () => {
  for (const part of ['features', 'weights'] as const) {
    expectSlopes(
      [
        [2, 2, 6],
        [2, 3, 5],
      ],
      (scope) => {
        const attention = buildAttention(scope, query, memory, options);
        return (q, m) => {
          const found = attention.apply(q as tf.Tensor, m as tf.Tensor, evaluating);
          // The scores know nothing of values and output.
          return part === 'features'
            ? found.features
            : tf.add(tf.sum(found.weights, [1, 3]), tf.sum(tf.square(found.features), 2));
        };
      },
    );
  }
});

it('trains on wasm as on cpu', async () => {
  await expectSameOnWasm((scope) => {
    const attention = buildAttention(scope, query, memory, options);
    return (step) => attention.apply(numbers([3, 2, 6], 1), numbers([3, 3, 5], 2), step).features;
  });
});

it('says what is wrong', () => {
  const { scope } = newScope();
  expect(errorOf(() => buildAttention(scope, query, memory, { heads: 4 })).message).toContain('a multiple of `heads`');
  expect(errorOf(() => buildAttention(scope, query, memory, { units: 0 })).message).toContain('`units`');
  expect(errorOf(() => buildAttention(scope, float(6), memory)).message).toContain('The query of layer');
});

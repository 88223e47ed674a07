import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildEmbedding } from '../../src/layers/embedding.js';
import {
  difference,
  errorOf,
  evaluating,
  float,
  newScope,
  onBackend,
  outputAndGradients,
} from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const ids = { shape: [3], dtype: 'int32' as const };
const rows = () =>
  tf.tensor2d(
    [
      [0, 2, 2],
      [1, 0, 2],
    ],
    [2, 3],
    'int32',
  );

it('looks up a row per id, for any shape', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildEmbedding(scope.child('e'), ids, 4, 2);
  const single = buildEmbedding(scope.child('s'), { shape: [], dtype: 'int32' }, 4, 2);
  expect([layer.output.shape, single.output.shape]).toEqual([[3, 2], [2]]);
  tf.tidy(() => {
    const table = variable('e/table').arraySync() as number[][];
    expect(layer.apply(rows(), evaluating).arraySync()).toEqual([
      [table[0], table[2], table[2]],
      [table[1], table[0], table[2]],
    ]);
    expect(single.apply(tf.tensor1d([1], 'int32'), evaluating).shape).toEqual([1, 2]);
  });
  dispose();
});

it('sums the gradients of rows that are used several times; small and large tables agree', () => {
  const gradient = (categories: number) => {
    const { scope, variable, dispose } = newScope();
    const layer = buildEmbedding(scope.child('e'), ids, categories, 2);
    const table = variable('e/table');
    const values = tf.tidy(() => {
      const weights = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2]);
      const { grads } = tf.variableGrads(() => tf.sum(tf.mul(layer.apply(rows(), evaluating), weights)), [table]);
      return [...(grads[table.name] as tf.Tensor).dataSync()].slice(0, 8);
    });
    dispose();
    return values;
  };
  // id 0: (1, 2) + (9, 10); id 1: (7, 8); id 2: (3, 4) + (5, 6) + (11, 12); id 3: none.
  const expected = [10, 12, 7, 8, 19, 22, 0, 0];
  expect(gradient(4)).toEqual(expected);
  expect(gradient(1001)).toEqual(expected);
});

it('trains on wasm too while the table is small, agrees with cpu, and leaks no tensor', async () => {
  const run = () =>
    outputAndGradients((scope) => {
      const layer = buildEmbedding(scope, ids, 50, 4);
      return (step) => tf.tanh(layer.apply(rows(), step));
    });
  const cpu = await onBackend('cpu', run);
  const before = tf.memory().numTensors;
  run();
  expect(tf.memory().numTensors).toBe(before);
  const wasm = await onBackend('wasm', run);
  expect(difference(cpu.output, wasm.output)).toBeLessThan(1e-5);
  expect(difference(cpu.gradients.table as number[], wasm.gradients.table as number[])).toBeLessThan(1e-5);
});

it('has exact gradients when several are taken from one pass', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildEmbedding(scope.child('e'), ids, 4, 2);
  const table = variable('e/table');
  tf.tidy(() => {
    const found: number[][] = [];
    tf.variableGrads(() => {
      const y = layer.apply(rows(), evaluating);
      for (const factor of [1, 10]) {
        const { grads } = tf.engine().gradients(() => tf.sum(tf.mul(y, factor)), [table]);
        found.push([...(grads[0] as tf.Tensor).dataSync()]);
      }
      return tf.sum(y) as tf.Scalar;
    }, [table]);
    expect(found[0]).toEqual([2, 2, 1, 1, 3, 3, 0, 0]);
    expect(found[1]).toEqual([20, 20, 10, 10, 30, 30, 0, 0]);
  });
  dispose();
});

it('says what is wrong', () => {
  const { scope } = newScope();
  expect(errorOf(() => buildEmbedding(scope, float(3), 4, 2)).message).toContain('int32');
  expect(errorOf(() => buildEmbedding(scope, ids, 0, 2)).message).toContain('`categories`');
  expect(errorOf(() => buildEmbedding(scope, ids, 4, 1.5)).message).toContain('`size`');
});

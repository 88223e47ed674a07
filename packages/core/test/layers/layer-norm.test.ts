import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildLayerNorm } from '../../src/layers/layer-norm.js';
import { errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';
import { expectSameOnWasm, expectSlopes } from '../helpers/slopes.js';

beforeAll(() => tf.setBackend('cpu'));

it('normalises every position by itself, as by hand', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildLayerNorm(scope, float(2, 4), { epsilon: 0.1 });
  tf.tidy(() => {
    variable('scale').assign(tf.tensor1d([1, 2, 3, 4]));
    variable('offset').assign(tf.tensor1d([0, 0, 0, 5]));
    const x = numbers([3, 2, 4]);
    const found = layer.apply(x, evaluating).arraySync() as number[][][];
    (x.arraySync() as number[][][]).flat().forEach((row, at) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / 4;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4;
      row.forEach((value, c) => {
        const y = ((value - mean) / Math.sqrt(variance + 0.1)) * (c + 1) + (c === 3 ? 5 : 0);
        expect(found.flat()[at]?.[c]).toBeCloseTo(y, 5);
      });
    });
  });
  expect(layer.output).toEqual(float(2, 4));
  dispose();
});

it('starts as mean 0 and variance 1, whatever the size of its input', () => {
  const { scope, dispose } = newScope();
  const layer = buildLayerNorm(scope, float(64));
  tf.tidy(() => {
    for (const size of [1, 1e6]) {
      const { mean, variance } = tf.moments(layer.apply(tf.mul(numbers([1, 64]), size), evaluating));
      expect(mean.dataSync()[0]).toBeCloseTo(0, 4);
      expect(variance.dataSync()[0]).toBeCloseTo(1, 3);
    }
  });
  dispose();
});

it('has the gradient of finite differences', () => {
  expectSlopes([[3, 2, 5]], (scope) => {
    const layer = buildLayerNorm(scope, float(2, 5));
    return (x) => layer.apply(x as tf.Tensor, evaluating);
  });
});

it('trains on wasm as on cpu', async () => {
  await expectSameOnWasm((scope) => {
    const layer = buildLayerNorm(scope, float(2, 5));
    return (step) => layer.apply(numbers([3, 2, 5]), step);
  });
});

it('says what is wrong', () => {
  const { scope } = newScope();
  expect(errorOf(() => buildLayerNorm(scope, float(4), { epsilon: 0 })).message).toContain('`epsilon`');
  expect(errorOf(() => buildLayerNorm(scope, float())).code).toBe('POLYTASK_SHAPE_MISMATCH');
});

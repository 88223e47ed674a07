import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { compact, spread } from '../../src/balancing-kit/present-tasks.js';
import { scaleWeights, scaleWeightTensor } from '../../src/balancing-kit/weight-scale.js';

beforeAll(() => tf.setBackend('cpu'));

it('weights of the tasks present sum to their number, in the same ratios', () => {
  expect(scaleWeights([1, 3])).toEqual(Float64Array.of(0.5, 1.5));
  expect(scaleWeights([2, -1, 1])).toEqual(Float64Array.of(3, -1.5, 1.5));
});

it('is left alone: under `paper`, and where the sum is not positive', () => {
  expect(scaleWeights([1, 3], 'paper')).toEqual(Float64Array.of(1, 3));
  for (const weights of [
    [0, 0],
    [1, -1],
    [-2, 1],
    [1e-13, 0],
  ]) {
    expect(scaleWeights(weights)).toEqual(Float64Array.from(weights));
  }
});

it('changes nothing that it is given', () => {
  const given = Float64Array.of(1, 3);
  scaleWeights(given)[0] = 7;
  scaleWeights(given, 'paper')[0] = 7;
  expect(given).toEqual(Float64Array.of(1, 3));
});

it('does the same in tfjs, absent tasks left out', () => {
  const weight = fc.double({ min: -1, max: 4, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(weight, fc.boolean()), { minLength: 1, maxLength: 5 }), (tasks) => {
      const present = tasks.flatMap(([, there], k) => (there ? [k] : []));
      const weights = Float32Array.from(tasks, ([value, there]) => (there ? value : 0));
      // Where the sum is as good as 0, float32 and float64 may differ over whether it is positive.
      const total = weights.reduce((sum, value) => sum + value, 0);
      fc.pre(Math.abs(total) > 1e-3 || total === 0);
      const host = spread(scaleWeights(compact(weights, present)), present, tasks.length);
      const active = tasks.map(([, there]) => (there ? 1 : 0));
      const found = tf.tidy(() => scaleWeightTensor(tf.tensor1d(weights), tf.tensor1d(active)).dataSync());
      host.forEach((value, k) => {
        expect(Math.abs((found[k] as number) - value)).toBeLessThanOrEqual(1e-3 * Math.max(1, Math.abs(value)));
      });
    }),
  );
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildDropout } from '../../src/layers/dropout.js';
import { errorOf, evaluating, float, newScope, newStep } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('drops by the numbers of the step for its path, and rescales the rest', () => {
  const { scope } = newScope();
  const layer = buildDropout(scope.child('head').child('dropout'), float(4), 0.75);
  const asked: unknown[] = [];
  tf.tidy(() => {
    const step = {
      training: true,
      uniform(path: string, shape: readonly number[]) {
        asked.push([path, shape]);
        return tf.tensor2d([[0.74, 0.75, 0, 0.99]]);
      },
    };
    expect(layer.apply(tf.tensor2d([[1, 2, 3, 4]]), step).arraySync()).toEqual([[0, 8, 0, 16]]);
  });
  expect(asked).toEqual([['head/dropout', [1, 4]]]);
});

it('keeps the mean', () => {
  const layer = buildDropout(newScope().scope, float(100), 0.3);
  tf.tidy(() => {
    const mean = tf.mean(layer.apply(tf.ones([200, 100]), newStep(true))).dataSync()[0] as number;
    expect(mean).toBeCloseTo(1, 1);
  });
});

it('passes gradients where it passes values', () => {
  const layer = buildDropout(newScope().scope, float(50), 0.5);
  tf.tidy(() => {
    const gradient = tf
      .grad((x) => layer.apply(x, newStep(true)))(tf.ones([1, 50]))
      .dataSync();
    const values = layer.apply(tf.ones([1, 50]), newStep(true)).dataSync();
    expect([...gradient]).toEqual([...values]);
  });
});

it('is the identity outside training, and at rate 0, and asks for no numbers then', () => {
  const { scope } = newScope();
  const step = newStep(true);
  tf.tidy(() => {
    const x = tf.ones([2, 3]);
    expect(buildDropout(scope, float(3), 0.5).apply(x, evaluating)).toBe(x);
    expect(buildDropout(scope, float(3), 0).apply(x, step)).toBe(x);
  });
  expect([...evaluating.asked, ...step.asked]).toEqual([]);
});

it('says what is wrong', () => {
  expect(errorOf(() => buildDropout(newScope().scope, float(3), 1)).code).toBe('POLYTASK_INVALID_OPTION');
});

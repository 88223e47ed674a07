import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { softmaxCrossEntropy } from '../../src/tasks/softmax-cross-entropy.js';
import { centralDifferences, crossEntropy, distance, sum } from './check-loss.js';

const logits = [1, 2, 0.5, -1, 0, 3];
const target = [0, 1, 0, 0.2, 0.3, 0.5];

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('works over the last axis of any rank', () => {
  const found = softmaxCrossEntropy(tf.tensor(logits, [1, 2, 1, 3]), tf.tensor(target, [1, 2, 1, 3]));
  expect(found.shape).toEqual([1, 2, 1]);
  const expected = [0, 3].map((i) => crossEntropy(logits.slice(i, i + 3), target.slice(i, i + 3)));
  expect(distance(Array.from(found.dataSync()), expected)).toBeLessThan(1e-6);
});

it('can be differentiated twice', () => {
  // The Hessian of one row is diag(p) − p pᵀ; here times a direction.
  const direction = [0.3, -0.7, 0.2];
  const hessianTimesDirection = tf.grad((z) =>
    tf.dot(
      tf
        .grad((x) => softmaxCrossEntropy(x, tf.tensor1d([0, 1, 0])))(z)
        .as1D(),
      tf.tensor1d(direction),
    ),
  )(tf.tensor1d([1, 2, 0.5]));
  const slopeAlong = (z: readonly number[]) => {
    const total = sum(z.map(Math.exp));
    return sum(z.map((value, c) => (Math.exp(value) / total - (c === 1 ? 1 : 0)) * (direction[c] as number)));
  };
  const expected = centralDifferences(slopeAlong, [1, 2, 0.5]);
  expect(distance(Array.from(hessianTimesDirection.dataSync()), expected)).toBeLessThan(1e-6);
});

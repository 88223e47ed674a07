import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { gradientCurvature } from '../../src/observers/gradient-curvature.js';
import { golden, linearLosses, observe } from '../loss-problem.js';

beforeAll(() => tf.setBackend('cpu'));

// L = ½ Σ a_i θ_i² over two tasks: H = diag(a), g = a θ, c = Σ a³ θ² / Σ a² θ².
type Seen = { looks: number; curvature: number; gradientNorm: number };

test('of a quadratic function', async () => {
  const bowl = (a: number[]) => (theta: tf.Tensor1D) => tf.mul(0.5, tf.sum(tf.mul(a, tf.square(theta)))) as tf.Scalar;
  const problem = { start: [1, -2, 0.5], losses: [bowl([1, 2, 3]), bowl([1, 0, 5])] };
  const seen = await observe<Seen>(problem, gradientCurvature());
  const a = [2, 2, 8];
  const sum = (power: number) =>
    a.reduce((total, value, n) => total + value ** power * (problem.start[n] as number) ** 2, 0);
  expect(seen.curvature).toBeCloseTo(sum(3) / sum(2), 2);
  expect(seen.gradientNorm).toBeCloseTo(Math.sqrt(sum(2)), 4);
});

test('0 of linear losses; where no gradient is, nothing is counted', async () => {
  expect((await observe<Seen>(golden, gradientCurvature())).curvature).toBeCloseTo(0, 3);
  const flat = linearLosses([[0], [0]], [2, 1]);
  expect(await observe<Seen>(flat, gradientCurvature())).toEqual({ looks: 0, curvature: NaN, gradientNorm: NaN });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { smoothStep } from '../src/smooth-step.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const at = (points: number[], gamma: number) => smoothStep(tf.tensor1d(points), gamma).arraySync() as number[];

test('is exactly 0 and 1 outside of its width, and a half in the middle', () => {
  expect(at([-9, -0.5, 0, 0.5, 9], 1)).toEqual([0, 0, 0.5, 1, 1]);
  expect(at([-1, 0, 1], 2)).toEqual([0, 0.5, 1]);
});

test('is the cubic inside, whatever the width', () => {
  // −2/27 + 3/6 + ½ at 1 for γ = 3.
  closeTo(at([1], 3), [-2 / 27 + 0.5 + 0.5]);
  // −2·(1/4)³ + (3/2)(1/4) + ½ at a quarter for γ = 1.
  closeTo(at([0.25, -0.25], 1), [0.84375, 0.15625]);
});

test('has the slope of the cubic, and none outside', () => {
  const slope = tf.grad((t) => tf.sum(smoothStep(t, 2)))(tf.tensor1d([-3, -0.5, 0, 0.9, 1.1]));
  const cubic = (t: number) => -0.75 * t * t + 0.75;
  closeTo(slope.arraySync() as number[], [0, cubic(0.5), 0.75, cubic(0.9), 0]);
});

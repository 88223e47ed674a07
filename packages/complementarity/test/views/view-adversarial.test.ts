import { binary } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { viewAdversarial } from '../../src/views/view-adversarial.js';
import { trainLinear } from '../linear.js';

beforeAll(() => tf.setBackend('cpu'));

describe('conformance', () => {
  const make = () => viewAdversarial({ epsilon: 0.5, powerSteps: 2 });
  const task = (name: string) => binary(name);
  for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'], task })) test(name, run);
});

const { NaN: none } = Number;
const x = [
  [1, 0],
  [0.5, 1],
  [-1, 2],
];
const weights = { a: [3, -4] };
const labels = { a: [1, none, 4] };

test('moves rows along the slope of what they predict, by a step of one length', async () => {
  const epsilon = 0.25;
  const { events, logged } = await trainLinear(weights, x, labels, [viewAdversarial({ epsilon })]);
  // w·r = ±ε |w|, whatever direction the power method starts from.
  expect(events[0]?.terms['view-adversarial']).toBeCloseTo((epsilon * 5) ** 2, 4);
  expect(logged['view-adversarial/moved']?.[0]).toBeCloseTo(epsilon, 5);
  expect(logged['view-adversarial/apart/a']?.[0]).toBeCloseTo(epsilon * 5, 4);
});

test('of two tasks finds the direction that changes both most, with more steps of the power method', async () => {
  // Σ_k (w_k·r)² is rᵀ (W Wᵀ) r: its largest value for |r| = 1 is the largest eigenvalue, here of [[10, 5], [5, 5]].
  const two = { a: [3, 1], b: [1, 2] };
  const largest = 7.5 + Math.sqrt(2.5 ** 2 + 25);
  const rowsOf = { a: [1, 1, 1], b: [1, 1, 1] };
  const term = async (powerSteps: number) =>
    (await trainLinear(two, x, rowsOf, [viewAdversarial({ epsilon: 1, powerSteps })])).events[0]?.terms[
      'view-adversarial'
    ] ?? none;
  const [one, many] = [await term(1), await term(12)];
  expect(many).toBeCloseTo(largest / 2, 2);
  expect(one).toBeLessThanOrEqual(many + 1e-4);
});

test('under labels goes by the signs of the slope of the loss, and leaves rows without a label', async () => {
  const epsilon = 0.1;
  const { events, logged } = await trainLinear(weights, x, labels, [viewAdversarial({ epsilon, direction: 'labels' })]);
  // |w·r| = ε (|3| + |−4|) for two of three rows.
  expect(events[0]?.terms['view-adversarial']).toBeCloseTo((2 * (epsilon * 7) ** 2) / 3, 5);
  expect(logged['view-adversarial/moved']?.[0]).toBeCloseTo((2 * epsilon * Math.SQRT2) / 3, 5);
});

test('adds nothing where predictions do not depend on the inputs, bit for bit', async () => {
  const zero = { a: [0, 0] };
  const run = async (auxiliary: ReturnType<typeof viewAdversarial>[]) =>
    trainLinear(zero, x, labels, auxiliary, { steps: 1, learningRate: 0.1 });
  const { events, seen } = await run([viewAdversarial({ epsilon: 1 })]);
  expect(events[0]?.terms['view-adversarial']).toBe(0);
  expect(seen).toEqual((await run([])).seen);
});

test('refuses inputs that cannot be moved', async () => {
  const run = (inputs: string[]) => trainLinear(weights, x, labels, [viewAdversarial({ inputs })]);
  await expect(run(['y'])).rejects.toThrow('There is no input of numbers named `y`');
});

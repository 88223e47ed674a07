import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { fairGrad } from '../../src/gradient-balancing/fair-grad.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', fairGrad, { claims })) test(name, run);

test('golden values', async () => {
  const values = [
    [0.5, [0.742828, 0.525393], [0.181043, 1.268221, 1.268221]],
    [1, [0.591461, 0.407071], [0.076584, 0.998533, 0.998533]],
    [2, [0.471363, 0.319454], [0.031274, 0.790817, 0.790817]],
  ] as const;
  for (const [alpha, expected, along] of values) {
    const { weights, direction } = await balanced(fairGrad({ alpha, scale: 'paper' }), goldenJacobian);
    expectClose(weights, expected);
    expectClose(direction, along);
  }
});

test('of gradients that are s times as long is s^((1−α)/(1+α)) times as long', async () => {
  for (const alpha of [0.25, 1, 4]) {
    const [one, ten] = await Promise.all(
      [1, 10].map(async (s) => {
        const scaled = goldenJacobian.map((row) => row.map((value) => value * s));
        return (await balanced(fairGrad({ alpha, scale: 'paper' }), scaled)).direction;
      }),
    );
    const factor = 10 ** ((1 - alpha) / (1 + alpha));
    expectClose(
      ten,
      (one as number[]).map((value) => value * factor),
      1e-5,
    );
  }
});

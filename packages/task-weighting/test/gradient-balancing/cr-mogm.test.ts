import { defineGradientBalancing } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { crMogm } from '../../src/gradient-balancing/cr-mogm.js';
import { gradNorm } from '../../src/gradient-balancing/grad-norm.js';
import { mgda } from '../../src/gradient-balancing/mgda.js';
import { expectClose, openGradients } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
// Both have state.
for (const { name, run } of conformance('gradient-balancing', () => crMogm({ inner: gradNorm() }), { claims }))
  test(name, run);

test('is a moving mean of the weights, which begins with the first ones', async () => {
  const opened = openGradients(crMogm({ inner: mgda(), alpha: 0.75, scale: 'paper' }), 2);
  const orthogonal = [
    [1, 0],
    [0, 1],
  ];
  const uneven = [
    [1, 0],
    [0, 3],
  ];
  expectClose((await opened.step(orthogonal)).weights, [0.5, 0.5]);
  // MGDA: (0.9, 0.1).
  expectClose((await opened.step(uneven)).weights, [0.6, 0.4]);
  // An absent task keeps its mean.
  expectClose((await opened.step(uneven, [Number.NaN, 1])).weights, [0, 0.75 * 0.4 + 0.25]);
  expectClose((await opened.step(uneven)).weights, [0.75 * 0.6 + 0.25 * 0.9, 0.75 * 0.55 + 0.25 * 0.1]);
  opened.dispose();
});

test('compares the gradients that the inner part compares, at its steps and losses, and refuses what gives no weights', async () => {
  expect(crMogm({ inner: gradNorm() })).toMatchObject({ gradientsOf: 'last-shared-layer', leastLoss: 0 });
  expect(crMogm({ inner: mgda({ updateEvery: 3 }) }).updateEvery).toBe(3);
  const directions = defineGradientBalancing({
    name: 'directions',
    bind: () => ({ aggregate: ({ jacobian }) => ({ direction: jacobian }) }),
  });
  expect(() => openGradients(crMogm({ inner: directions }), 2)).toThrow('a gradient balancing that gives weights');
});

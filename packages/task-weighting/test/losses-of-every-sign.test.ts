// What holds for every loss weighting that the package exports, those of tomorrow too.
import { describedParts, type LossWeighting, PolytaskError } from '@polytask/core';
import { expect, test } from 'vitest';
import * as all from '../src/index.js';
import { openLosses, weighted } from './support.js';

const methods = [...describedParts(all).values()]
  .filter(
    ({ kind, options }) =>
      kind === 'loss-weighting' && !Object.values(options).some((one) => one.presence === 'required'),
  )
  .map(({ name, create }) => ({ name, make: () => create({}) as LossWeighting }));

test.each(methods)('$name either takes a negative loss or says whose it is', ({ make }) => {
  try {
    expect(weighted(make(), [2, -3]).weights.every(Number.isFinite)).toBe(true);
    expect(make().leastLoss).toBeUndefined();
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    expect(error.code).toBe('POLYTASK_LOSS_TOO_LOW');
    expect(error.message).toContain('that of task `task1` is -3');
  }
});

test.each(methods)('$name gives numbers for losses of 0, at first and later', ({ make }) => {
  const opened = openLosses(make(), 3);
  for (const losses of [
    [0, 2, 3],
    [1, 0, Number.NaN],
    [0, 0, 0],
    [1, 2, 3],
  ]) {
    const { value, weights, gradients } = opened.step(losses);
    expect([value, ...weights, ...gradients.flat()].every(Number.isFinite)).toBe(true);
    losses.forEach((loss, k) => {
      if (Number.isNaN(loss)) expect(weights[k]).toBe(0);
    });
  }
  opened.dispose();
});

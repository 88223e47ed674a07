// What holds for every loss weighting and gradient balancing that the package exports, those of tomorrow too.
import { describedParts, type GradientBalancing, type LossWeighting, PolytaskError } from '@polytask/core';
import { expect, test } from 'vitest';
import * as all from '../src/index.js';
import { openGradients, openLosses, weighted } from './support.js';

const of = <Part>(kind: string) =>
  [...describedParts(all).values()]
    .filter((one) => one.kind === kind && !Object.values(one.options).some(({ presence }) => presence === 'required'))
    .map(({ name, create }) => ({ name, make: () => create({}) as Part }));
const methods = of<LossWeighting>('loss-weighting');
const balancings = of<GradientBalancing>('gradient-balancing');
const rows = [
  [1, 2, 0],
  [-1, 0.5, 1],
];

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

test.each(balancings)(
  '$name either takes a negative loss or says whose it is, and that it goes by losses',
  async (one) => {
    const { leastLoss } = one.make();
    const opened = openGradients(one.make(), 2, { primary: 'task0' });
    if (leastLoss === undefined) {
      const { direction, weights } = await opened.step(rows, [2, -3]);
      expect([...direction, ...(weights ?? [])].every(Number.isFinite)).toBe(true);
    } else {
      await expect(opened.step(rows, [2, -3])).rejects.toMatchObject({
        code: 'POLYTASK_LOSS_TOO_LOW',
        message: expect.stringContaining('that of task `task1` is -3'),
      });
      await expect(opened.step(rows)).rejects.toThrow(
        `Give one loss per task, in their order: \`${one.name}\` goes by them`,
      );
    }
    await expect(opened.step(rows, [1])).rejects.toMatchObject({ code: 'POLYTASK_SHAPE_MISMATCH' });
    opened.dispose();
  },
);

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

const sizes = [
  [1e30, 2e30],
  [1e30, 1],
  [1e-30, 3e-30],
  [1e-30, 1],
];

test.each(methods)('$name gives numbers for losses of every size', ({ make }) => {
  for (const losses of sizes) {
    const opened = openLosses(make(), 2);
    for (let n = 0; n < 3; n++) {
      const { value, weights, gradients } = opened.step(losses);
      expect([value, ...weights, ...gradients.flat()].every(Number.isFinite), losses.join()).toBe(true);
    }
    opened.dispose();
  }
});

test.each(balancings)('$name gives numbers for losses of every size', async ({ make }) => {
  for (const losses of sizes) {
    const opened = openGradients(make(), 2, { primary: 'task0' });
    for (let n = 0; n < 3; n++) {
      const { direction, weights } = await opened.step(rows, losses);
      expect([...direction, ...(weights ?? [])].every(Number.isFinite), losses.join()).toBe(true);
    }
    opened.dispose();
  }
});

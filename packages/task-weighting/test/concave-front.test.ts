// Scalarisations that come to a chosen point of a concave front, where weighted sums find only its ends.
import type { LossWeighting } from '@polytask/core';
import { describe, expect, test } from 'vitest';
import { constantWeighting } from '../src/loss-weighting/constant-weighting.js';
import { cosmos } from '../src/loss-weighting/cosmos.js';
import { pbi } from '../src/loss-weighting/pbi.js';
import { smoothTchebycheff } from '../src/loss-weighting/smooth-tchebycheff.js';
import { tchebycheff } from '../src/loss-weighting/tchebycheff.js';
import { concaveEnd } from './concave-front.js';
import { openLosses } from './support.js';

async function end(part: LossWeighting) {
  const opened = openLosses(part, 2);
  const found = await concaveEnd(
    (losses, [first = [], second = []]) => {
      const [a = 0, b = 0] = opened.step(losses).weights;
      return first.map((value, i) => a * value + b * (second[i] as number));
    },
    // Falling, since weights jump at the ray of the preference.
    { steps: 250, rateOf: (n) => 0.12 / (1 + n / 30) },
  );
  opened.dispose();
  return found;
}

test('a weighted sum comes to an end', async () => {
  const { losses, off } = await end(constantWeighting({ weights: { task0: 1.2 } }));
  expect(losses[0]).toBeLessThan(0.02);
  expect(losses[1]).toBeGreaterThan(0.9);
  expect(off).toBeLessThan(0.02);
});

describe.each([
  { task0: 1, task1: 1 },
  { task0: 2, task1: 1 },
])('with preferences of $task0 and $task1', (preference) => {
  const ratio = preference.task0 / preference.task1;

  test.each([tchebycheff({ preference, scale: 'paper' }), smoothTchebycheff({ preference, mu: 0.01, scale: 'paper' })])(
    '$name comes to where losses are in inverse ratio to them',
    async (part) => {
      const { losses, off } = await end(part);
      expect((losses[0] / losses[1]) * ratio).toBeCloseTo(1, 1);
      expect(off).toBeLessThan(0.05);
    },
  );

  test.each([
    tchebycheff({ form: 'modified', preference, scale: 'paper' }),
    pbi({ preference, theta: 3, scale: 'paper' }),
    cosmos({ preference, lambda: 5, scale: 'paper' }),
  ])('$name comes to where losses are in ratio to them', async (part) => {
    const { losses, off } = await end(part);
    expect(Math.abs(losses[0] / losses[1] / ratio - 1)).toBeLessThan(0.1);
    expect(off).toBeLessThan(0.06);
  });
});

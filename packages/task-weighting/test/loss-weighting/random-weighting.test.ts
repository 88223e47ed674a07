import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { randomWeighting } from '../../src/loss-weighting/random-weighting.js';
import { expectClose, openLosses } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', randomWeighting, { claims })) test(name, run);

function course(seed: number, steps: number, losses: readonly number[] = [1, 1]): number[][] {
  const opened = openLosses(randomWeighting({ scale: 'paper' }), losses.length, { seed });
  const found = Array.from({ length: steps }, () => opened.step(losses).weights);
  opened.dispose();
  return found;
}

test('draws anew for every step, from the seed', () => {
  const [first, second] = course(1, 2);
  expect(first).not.toEqual(second);
  expect(course(1, 2)).toEqual([first, second]);
  expect(course(2, 1)[0]).not.toEqual(first);
});

test('is the softmax of standard normals: log ratios of two weights have variance 2', () => {
  const ratios = course(3, 2000).map(([a = 0, b = 0]) => {
    expectClose([a + b], [1]);
    return Math.log(a / b);
  });
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const variance = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / ratios.length;
  // Four standard errors of each.
  expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(2 / 2000));
  expect(Math.abs(variance - 2)).toBeLessThan(4 * Math.sqrt(8 / 2000));
});

test('shares out among the tasks present', () => {
  const [[a = 0, b = 0, c] = []] = course(1, 1, [1, 1, Number.NaN]);
  expectClose([a + b], [1]);
  expect(c).toBe(0);
});

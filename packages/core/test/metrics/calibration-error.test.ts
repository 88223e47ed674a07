import { expect, it } from 'vitest';
import { calibrationError } from '../../src/metrics/calibration-error.js';
import { binary, classes, measure } from './metric-rows.js';

const rows = (pairs: readonly (readonly [number, number])[]) => pairs.map(([p, t]) => ({ p: [p], t: [t], w: 1 }));

it('is the weighed gap between probabilities and how often they come true, by hand', () => {
  // Bins of a half: probabilities 0.25 and 0.375 come true never, 0.5 and 0.75 twice.
  const found = rows([
    [0.25, 0],
    [0.375, 0],
    [0.5, 1],
    [0.75, 1],
  ]);
  expect(measure(calibrationError({ bins: 2 }), binary, found)).toBe(0.5 * 0.3125 + 0.5 * 0.375);
  expect(measure(calibrationError({ bins: 1 }), binary, found)).toBe(0.5 - 0.46875);
});

it('is 0 where probabilities are right', () => {
  const found = rows([
    [0.25, 0],
    [0.25, 0],
    [0.25, 0],
    [0.25, 1],
    [1, 1],
    [0, 0],
  ]);
  expect(measure(calibrationError(), binary, found)).toBe(0);
});

it('takes the probability of the most probable class', () => {
  const found = [
    { p: [0.75, 0.25, 0], t: [0], w: 1 },
    { p: [0.25, 0.75, 0], t: [2], w: 1 },
  ];
  expect(measure(calibrationError(), classes, found)).toBe(0.25);
});

it('is NaN where a probability is', () => {
  expect(measure(calibrationError(), binary, rows([[Number.NaN, 1]]))).toBeNaN();
});

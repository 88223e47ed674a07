import { expect, it } from 'vitest';
import { meanAbsolutePercentageError } from '../../src/metrics/mean-absolute-percentage-error.js';
import { measure, scalar, vector } from './metric-rows.js';

const targets = [2, -4, 8, 1.5, 3];
const predicted = [2.5, -3, 8, 1, 4];
const rows = (weights: readonly number[]) =>
  targets.map((t, i) => ({ p: [predicted[i] as number], t: [t], w: weights[i] as number }));

it('has the values of scikit-learn', () => {
  expect(measure(meanAbsolutePercentageError(), scalar, rows([1, 1, 1, 1, 1]))).toBeCloseTo(0.2333333333333333, 14);
  expect(measure(meanAbsolutePercentageError(), scalar, rows([1, 2, 1, 1, 3]))).toBeCloseTo(0.26041666666666663, 14);
});

it('is huge for a target of 0, and the mean over columns of vectors', () => {
  expect(measure(meanAbsolutePercentageError(), scalar, [{ p: [1], t: [0], w: 1 }])).toBe(2 ** 52);
  const found = [
    { p: [1, 3], t: [2, Number.NaN], w: 1 },
    { p: [2, 3], t: [2, 4], w: 1 },
  ];
  expect(measure(meanAbsolutePercentageError(), vector, found)).toBe((0.25 + 0.25) / 2);
});

import { expect, it } from 'vitest';
import { averagePrecision } from '../../src/metrics/average-precision.js';
import { binary, classes, measure } from './metric-rows.js';

const yesOrNo = (labels: readonly number[], scores: readonly number[], weights: readonly number[] = []) =>
  scores.map((score, i) => ({ p: [score], t: [labels[i] as number], w: weights[i] ?? 1 }));
const y = [0, 0, 1, 1, 0, 1, 0, 1];
const p = [0.125, 0.5, 0.5, 0.875, 0.25, 0.375, 0.625, 0.75];

it('has the values of scikit-learn, with ties and weights', () => {
  expect(measure(averagePrecision(), binary, yesOrNo(y, p))).toBeCloseTo(0.8166666666666667, 14);
  expect(measure(averagePrecision(), binary, yesOrNo(y, p, [1, 2, 1, 3, 1, 1, 2, 1]))).toBeCloseTo(
    0.8592592592592593,
    14,
  );
  expect(measure(averagePrecision(), binary, yesOrNo([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))).toBeCloseTo(5 / 6, 7);
});

it('is the mean over classes of one against the rest', () => {
  const found = [
    [0, 0.5, 0.25, 0.25],
    [1, 0.25, 0.5, 0.25],
    [2, 0.125, 0.375, 0.5],
    [2, 0.5, 0.25, 0.25],
    [1, 0.125, 0.625, 0.25],
    [0, 0.25, 0.125, 0.625],
  ].map(([t = 0, ...scores]) => ({ p: scores, t: [t], w: 1 }));
  expect(measure(averagePrecision(), classes, found)).toBeCloseTo(0.6388888888888888, 14);
});

it('is the share of the yes where scores say nothing, and NaN where there is no yes or a score is NaN', () => {
  expect(measure(averagePrecision(), binary, yesOrNo([0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5]))).toBe(0.25);
  expect(measure(averagePrecision(), binary, yesOrNo([0, 0], [0.5, 0.25]))).toBeNaN();
  expect(measure(averagePrecision(), binary, yesOrNo([0, 1], [0.5, Number.NaN]))).toBeNaN();
});

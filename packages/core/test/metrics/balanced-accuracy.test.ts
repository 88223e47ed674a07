import { expect, it } from 'vitest';
import { balancedAccuracy } from '../../src/metrics/balanced-accuracy.js';
import { binary, classes, measure, multiLabel } from './metric-rows.js';

const y = [0, 0, 1, 1, 0, 1, 0, 1];
const p = [0.125, 0.5, 0.5, 0.875, 0.25, 0.375, 0.625, 0.75];
const rows = (weights: readonly number[] = []) =>
  p.map((score, i) => ({ p: [score], t: [y[i] as number], w: weights[i] ?? 1 }));

it('has the values of scikit-learn', () => {
  expect(measure(balancedAccuracy(), binary, rows())).toBe(0.625);
  expect(measure(balancedAccuracy(), binary, rows([1, 2, 1, 3, 1, 1, 2, 1]))).toBeCloseTo(0.5833333333333334, 14);
  const found = [
    [0, 1, 0, 0],
    [1, 0, 1, 0],
    [2, 0, 0, 1],
    [2, 1, 0, 0],
    [1, 0, 1, 0],
    [0, 0, 0, 1],
  ].map(([t = 0, ...scores]) => ({ p: scores, t: [t], w: 1 }));
  expect(measure(balancedAccuracy(), classes, found)).toBeCloseTo(2 / 3, 14);
});

it('leaves out classes without a label, and takes another threshold', () => {
  expect(measure(balancedAccuracy(), classes, [{ p: [0, 1, 0], t: [1], w: 1 }])).toBe(1);
  expect(measure(balancedAccuracy({ threshold: 0.9 }), binary, rows())).toBe(0.5);
});

it('is the mean over labels where there are several', () => {
  // The first label is right in half of its yes; of the second there is a no alone, which is right.
  const found = [
    { p: [0.75, 0.25], t: [1, 0], w: 1 },
    { p: [0.25, 0.25], t: [1, Number.NaN], w: 1 },
  ];
  expect(measure(balancedAccuracy(), multiLabel, found)).toBe(0.75);
});

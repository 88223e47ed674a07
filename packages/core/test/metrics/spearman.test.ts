import { expect, it } from 'vitest';
import { spearman } from '../../src/metrics/spearman.js';
import { measure, scalar, vector } from './metric-rows.js';

const rows = (a: readonly number[], b: readonly number[]) => a.map((p, i) => ({ p: [p], t: [b[i] as number], w: 1 }));

it('has the value of SciPy, with ties', () => {
  expect(measure(spearman(), scalar, rows([1, 2, 2, 5, 3, 9], [2, 1, 4, 4, 3, 7]))).toBeCloseTo(0.75, 14);
});

it('sees the order alone', () => {
  expect(measure(spearman(), scalar, rows([1, 10, 100], [-1, 0, 0.5]))).toBe(1);
  expect(measure(spearman(), scalar, rows([1, 10, 100], [3, 2, 1]))).toBe(-1);
});

it('is the mean over the columns that have an order, and NaN where none has', () => {
  const found = [
    { p: [1, 1], t: [1, 5], w: 1 },
    { p: [2, 2], t: [2, 5], w: 1 },
  ];
  expect(measure(spearman(), vector, found)).toBe(1);
  expect(measure(spearman(), scalar, rows([1, 2], [3, 3]))).toBeNaN();
  expect(measure(spearman(), scalar, rows([1, Number.NaN], [3, 4]))).toBeNaN();
});

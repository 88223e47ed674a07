import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pearsonCorrelation, spearmanCorrelation } from '../../src/labels/correlation.js';

// By hand: deviations of a are (-2, 0, 2) and of b (-1, -1, 2); products sum to 6, squares to 8 and 6.
test('Pearson by hand, over the rows that have both', () => {
  expect(pearsonCorrelation([1, 3, NaN, 5], [2, 2, 7, 5])).toBeCloseTo(6 / Math.sqrt(8 * 6), 12);
  expect(pearsonCorrelation([1, 3, 5, 4], [2, 2, 5, NaN])).toBeCloseTo(6 / Math.sqrt(48), 12);
});

test('a column that is all the same correlates with nothing', () => {
  expect(pearsonCorrelation([1, 2, 3], [0.1, 0.1, 0.1])).toBeNaN();
  expect(spearmanCorrelation([1, 2, 3], [4, 4, 4])).toBeNaN();
  expect(pearsonCorrelation([NaN, 1], [1, NaN])).toBeNaN();
});

test('columns of different length are refused', () => {
  expect(() => pearsonCorrelation([1], [1, 2])).toThrow(expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' }));
});

// Ranks (1, 2, 3, 4) and (1, 2.5, 2.5, 4): products of deviations 2.25 + 0 + 0 + 2.25, squares 5 and 4.5.
test('Spearman by hand, ties sharing their rank', () => {
  expect(spearmanCorrelation([10, 20, 30, 40], [1, 5, 5, 9])).toBeCloseTo(4.5 / Math.sqrt(5 * 4.5), 12);
});

test('neither scale, offset nor order of rows matters', () => {
  const column = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(column, column, fc.integer({ min: 1, max: 9 }), (a, b, factor) => {
      const found = pearsonCorrelation(a, b);
      fc.pre(!Number.isNaN(found));
      expect(pearsonCorrelation(b, a)).toBeCloseTo(found, 10);
      expect(
        pearsonCorrelation(
          a.map((x) => factor * x - 3),
          b,
        ),
      ).toBeCloseTo(found, 10);
      expect(
        pearsonCorrelation(
          a.map((x) => -x),
          b,
        ),
      ).toBeCloseTo(-found, 10);
      expect(pearsonCorrelation([...a].reverse(), [...b].reverse())).toBeCloseTo(found, 10);
      const bent = (values: number[]) => values.map((x) => (x / 10) ** 3);
      expect(spearmanCorrelation(bent(a), b)).toBeCloseTo(spearmanCorrelation(a, b), 6);
    }),
  );
});

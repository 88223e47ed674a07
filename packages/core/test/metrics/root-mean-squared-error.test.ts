import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rootMeanSquaredError } from '../../src/metrics/root-mean-squared-error.js';
import { classes, labelled, measure, scalar, vector } from './metric-rows.js';

it('has the golden values', () => {
  const rows = [
    { p: [1], t: [2], w: 1 },
    { p: [2], t: [9], w: 1 },
  ];
  expect(measure(rootMeanSquaredError(), scalar, rows)).toBe(5);
  // The mean of the columns' roots, 5 and 1, not the root of the mean.
  const pairs = [
    { p: [1, 0], t: [2, 1], w: 1 },
    { p: [2, 0], t: [9, -1], w: 1 },
  ];
  expect(measure(rootMeanSquaredError(), vector, pairs)).toBe(3);
});

it('refuses classes', () => {
  expect(() => measure(rootMeanSquaredError(), classes, [{ p: [1, 0, 0], t: [0], w: 1 }])).toThrow(/metric `rmse`/);
});

it('agrees with two passes', () => {
  fc.assert(
    fc.property(fc.array(vector.row, { maxLength: 10 }), (rows) => {
      const all = labelled(vector, rows);
      fc.pre(all.length > 0);
      const columns = [0, 1].flatMap((column) => {
        const own = all.filter((label) => label.column === column);
        const total = own.reduce((sum, { w }) => sum + w, 0);
        const errors = own.reduce((sum, { p, t, w }) => sum + w * ((p[0] as number) - t) ** 2, 0);
        return total === 0 ? [] : [Math.sqrt(errors / total)];
      });
      const expected = columns.reduce((a, b) => a + b, 0) / columns.length;
      expect(measure(rootMeanSquaredError(), vector, rows)).toBeCloseTo(expected, 12);
    }),
  );
});

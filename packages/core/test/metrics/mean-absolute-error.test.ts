import fc from 'fast-check';
import { expect, it } from 'vitest';
import { meanAbsoluteError } from '../../src/metrics/mean-absolute-error.js';
import { classes, labelled, measure, scalar, vector } from './metric-rows.js';

it('has the golden values', () => {
  const rows = [
    { p: [1], t: [2], w: 1 },
    { p: [2], t: [-1], w: 3 },
  ];
  expect(measure(meanAbsoluteError(), scalar, rows)).toBe(2.5);
  const pairs = [
    { p: [1, 10], t: [2, Number.NaN], w: 1 },
    { p: [1, 10], t: [4, 20], w: 1 },
  ];
  expect(measure(meanAbsoluteError(), vector, pairs)).toBe((2 + 10) / 2);
});

it('refuses classes', () => {
  expect(() => measure(meanAbsoluteError(), classes, [{ p: [1, 0, 0], t: [0], w: 1 }])).toThrow(
    /must have shape \[1\]/,
  );
});

it('agrees with two passes', () => {
  fc.assert(
    fc.property(fc.array(vector.row, { maxLength: 10 }), (rows) => {
      const all = labelled(vector, rows);
      fc.pre(all.length > 0);
      const columns = [0, 1].flatMap((column) => {
        const own = all.filter((label) => label.column === column);
        const total = own.reduce((sum, { w }) => sum + w, 0);
        const errors = own.reduce((sum, { p, t, w }) => sum + w * Math.abs((p[0] as number) - t), 0);
        return total === 0 ? [] : [errors / total];
      });
      const expected = columns.reduce((a, b) => a + b, 0) / columns.length;
      expect(measure(meanAbsoluteError(), vector, rows)).toBeCloseTo(expected, 12);
    }),
  );
});

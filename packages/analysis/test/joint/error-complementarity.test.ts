import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorComplementarity, largeErrors } from '../../src/joint/error-complementarity.js';

test('by hand', () => {
  const [a, b] = [
    [1, 1, 1, 0, 0, 0, 0, 0, NaN],
    [1, 1, 0, 1, 0, 0, 0, 0, 1],
  ];
  const found = errorComplementarity(a, b);
  // Both wrong 2, one of them 1 + 1, none 4.
  expect(found).toMatchObject({ doubleFault: 0.25, disagreement: 0.25, rows: 8 });
  expect(found.doubleFaultByChance).toBeCloseTo((3 / 8) * (3 / 8), 12);
  expect(found.q).toBeCloseTo((4 * 2 - 1) / (4 * 2 + 1), 12);
  expect(found.correlation).toBeCloseTo((2 / 8 - 9 / 64) / ((3 / 8) * (5 / 8)), 12);
});

test('the same errors have Q 1, opposite ones −1; sides can be swapped', () => {
  const list = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(list, (pairs) => {
      const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
      expect(errorComplementarity(b, a)).toEqual(errorComplementarity(a, b));
      fc.pre(new Set(a).size === 2);
      expect(errorComplementarity(a, a).q).toBe(1);
      expect(
        errorComplementarity(
          a,
          a.map((x) => !x),
        ),
      ).toMatchObject({ q: -1, disagreement: 1, doubleFault: 0 });
    }),
  );
});

test('half of the errors of numbers are large', () => {
  expect(Array.from(largeErrors([1, 2, 3, NaN], [1.5, 0, 3.1, 9]))).toEqual([0, 1, 0, NaN]);
});

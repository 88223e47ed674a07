import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cramersV } from '../../src/labels/cramers-v.js';

// Table [[3, 1], [1, 3]], n = 8: χ² = 8 · (9 − 1)² / (4·4·4·4) = 2, φ² = 1/4.
const a = [0, 0, 0, 0, 1, 1, 1, 1];
const b = [0, 0, 0, 1, 0, 1, 1, 1];

test('by hand, as it is and with its bias corrected', () => {
  expect(cramersV(a, b, { correctBias: false })).toBeCloseTo(0.5, 12);
  // φ̃² = 1/4 − 1/7, r̃ = c̃ = 2 − 1/7.
  expect(cramersV(a, b)).toBeCloseTo(Math.sqrt((1 / 4 - 1 / 7) / (1 - 1 / 7)), 12);
});

test('rows without a label do not count; a single class has no dependence', () => {
  expect(cramersV([...a, -1, 1, NaN], [...b, 1, -1, 0])).toBeCloseTo(cramersV(a, b), 12);
  expect(cramersV([0, 0, 0], [0, 1, 0])).toBeNaN();
});

test('1 for classes under other names, 0 after correction for independent ones', () => {
  const classes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 12, maxLength: 30 });
  fc.assert(
    fc.property(classes, (values) => {
      fc.pre(new Set(values).size > 1);
      const renamed = values.map((value) => [7, 2, 9, 4][value] as number);
      expect(cramersV(values, renamed, { correctBias: false })).toBeCloseTo(1, 10);
      expect(cramersV(values, renamed)).toBeCloseTo(1, 10);
    }),
  );
  // Every pair of classes once.
  const [left, right] = [0, 1, 2, 3]
    .flatMap((x) => [0, 1, 2].map((y) => [x, y] as const))
    .reduce(
      ([xs, ys], [x, y]) => [
        [...xs, x],
        [...ys, y],
      ],
      [[], []] as [number[], number[]],
    );
  expect(cramersV(left, right)).toBe(0);
  expect(cramersV(left, right, { correctBias: false })).toBeCloseTo(0, 12);
});

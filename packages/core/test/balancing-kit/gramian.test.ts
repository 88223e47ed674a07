import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gradientCosines, gradientNorms, unitGramian } from '../../src/balancing-kit/gramian.js';

const rows = fc.integer({ min: 1, max: 6 }).chain((k) =>
  fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }), {
    minLength: k,
    maxLength: k,
  }),
);
const inner = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
const gramianOf = (jacobian: readonly (readonly number[])[]) =>
  Float64Array.from(jacobian.flatMap((a) => jacobian.map((b) => inner(a, b))));

it('norms and cosines are those of the rows, for sizes from 1e-20 to 1e20', () => {
  const size = fc.integer({ min: -20, max: 20 });
  fc.assert(
    fc.property(rows, fc.array(size, { minLength: 6, maxLength: 6 }), (jacobian, sizes) => {
      const long = jacobian.filter((row) => Math.hypot(...row) > 1e-3);
      const scaled = long.map((row, k) => row.map((value) => value * 10 ** (sizes[k] as number)));
      const gramian = gramianOf(scaled);
      const [norms, cosines] = [gradientNorms(gramian), gradientCosines(gramian)];
      long.forEach((row, i) => {
        expect((norms[i] as number) / 10 ** (sizes[i] as number)).toBeCloseTo(Math.hypot(...row), 9);
        long.forEach((other, j) => {
          const cosine = inner(row, other) / Math.hypot(...row) / Math.hypot(...other);
          expect(cosines[i * long.length + j]).toBeCloseTo(cosine, 9);
        });
      });
    }),
  );
});

it('a gradient of zero has no direction; rounding makes no cosine larger than 1', () => {
  expect(gradientCosines(Float64Array.of(0, 0, 0, 4))).toEqual(Float64Array.of(1, 0, 0, 1));
  expect(gradientCosines(Float64Array.of(1, 1 + 1e-9, 1 + 1e-9, 1))).toEqual(Float64Array.of(1, 1, 1, 1));
  expect(gradientNorms(Float64Array.of(-1e-30, 0, 0, 4))).toEqual(Float64Array.of(0, 2));
});

it('a unit Gramian has a largest entry of 1, and is the Gramian again times its scale', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: -20, max: 20 }), (jacobian, size) => {
      const scaled = gramianOf(jacobian.map((row) => row.map((value) => value * 10 ** size)));
      const { gramian, scale } = unitGramian(scaled);
      if (jacobian.some((row) => row.some((value) => value !== 0 && Math.abs(value) > 1e-100))) {
        expect(Math.max(...gramian)).toBeCloseTo(1, 9);
      }
      gramian.forEach((value, i) => {
        expect(Math.abs(value * scale - (scaled[i] as number))).toBeLessThanOrEqual(1e-12 * scale);
      });
    }),
  );
  const zero = new Float64Array(4);
  expect(unitGramian(zero)).toEqual({ gramian: zero, scale: 1 });
  expect(unitGramian(zero).gramian).not.toBe(zero);
});

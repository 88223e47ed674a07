import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearCka } from '../../src/features/linear-cka.js';
import { features, otherFeatures, randomRows } from '../golden.js';

test('golden values', () => {
  expect(linearCka(features, otherFeatures, { unbiased: false })).toBeCloseTo(0.965513, 6);
  expect(linearCka(features, otherFeatures)).toBeCloseTo(0.974313, 6);
});

test('rotation, scale and offset do not matter; sides can be swapped', () => {
  fc.assert(
    fc.property(fc.integer(), fc.double({ min: 0, max: 6, noNaN: true }), fc.boolean(), (seed, angle, unbiased) => {
      const uniform = uniformStream(seed);
      const [x, y] = [randomRows(8, 2, uniform), randomRows(8, 3, uniform)];
      const found = linearCka(x, y, { unbiased });
      fc.pre(Number.isFinite(found));
      const turned = x.map(([a = 0, b = 0]) => [
        5 * (Math.cos(angle) * a - Math.sin(angle) * b) + 1,
        5 * (Math.sin(angle) * a + Math.cos(angle) * b) - 7,
      ]);
      expect(linearCka(turned, y, { unbiased })).toBeCloseTo(found, 8);
      expect(linearCka(y, x, { unbiased })).toBeCloseTo(found, 10);
      expect(linearCka(x, turned, { unbiased })).toBeCloseTo(1, 10);
    }),
  );
});

test('unbiased, wide features that have nothing in common are not alike', () => {
  const uniform = uniformStream('wide');
  const [x, y] = [randomRows(40, 200, uniform), randomRows(40, 200, uniform)];
  expect(linearCka(x, y, { unbiased: false })).toBeGreaterThan(0.7);
  expect(Math.abs(linearCka(x, y))).toBeLessThan(0.1);
});

test('what does not vary has no similarity; what does not fit is refused', () => {
  expect(linearCka([[1], [1], [1], [1]], [[1], [2], [3], [4]])).toBeNaN();
  const code = (name: string) => expect.objectContaining({ code: name });
  expect(() => linearCka([[1], [2], [3]], [[1], [2], [3]])).toThrow(code('POLYTASK_INVALID_OPTION'));
  expect(() => linearCka([[1], [2]], [[1]], { unbiased: false })).toThrow(code('POLYTASK_SHAPE_MISMATCH'));
  expect(() => linearCka([[1], [2, 3]], [[1], [2]], { unbiased: false })).toThrow(code('POLYTASK_INVALID_OPTION'));
});

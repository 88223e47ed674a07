import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proportionalRows } from '../../src/data/proportional-rows.js';

test('deals 3 : 1 as s0 s0 s1 s0', () => {
  const order: number[] = [];
  let taken = [0, 0];
  for (let i = 0; i < 4; i++) {
    const rows = proportionalRows([3, 1], taken, 1);
    order.push(rows.indexOf(1));
    taken = taken.map((count, s) => count + (rows[s] as number));
  }
  // Keys (t + ½)/n: 1/6, 3/6, 5/6 and 1/2, the tie going to the first.
  expect(order).toEqual([0, 0, 1, 0]);
});

test('batches add up to every row once, each close to its share', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 30 }),
      (sizes, batchSize) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        let taken = sizes.map(() => 0);
        for (let dealt = 0; dealt < total; dealt += batchSize) {
          const count = Math.min(batchSize, total - dealt);
          const rows = proportionalRows(sizes, taken, count);
          expect(rows.reduce((sum, n) => sum + n, 0)).toBe(count);
          taken = taken.map((t, s) => t + (rows[s] as number));
          sizes.forEach((size, s) => {
            const share = (size * (dealt + count)) / total;
            expect(Math.abs((taken[s] as number) - share)).toBeLessThan(sizes.length);
          });
        }
        expect(taken).toEqual(sizes);
      },
    ),
  );
});

test('does not change what it is given', () => {
  const taken = Object.freeze([1, 0]);
  expect(proportionalRows([2, 2], taken, 3)).toEqual([1, 2]);
});

import { describe, expect, it } from 'vitest';
import { mostPieces, quantileKnots } from '../../src/encoding/knots.js';
import { learnTable } from '../../src/index.js';

const knotsOf = (values: Iterable<number>, pieces = 16, asked = false) => {
  const knots = quantileKnots();
  for (const value of values) knots.add(value);
  return knots.found(pieces, asked);
};

describe('knots', () => {
  it('have as many values between each two, and the least and the greatest at the ends', () => {
    const squares = Array.from({ length: 101 }, (_, i) => i ** 2).reverse();
    expect(knotsOf(squares, 4, true)).toEqual([0, 625, 2500, 5625, 10_000]);
  });

  it('are as few as there are values for, unless they are asked for', () => {
    const some = (count: number) => Array.from({ length: count }, (_, i) => i);
    expect(knotsOf(some(119))).toBeUndefined();
    expect(knotsOf(some(120))).toHaveLength(3);
    expect(knotsOf(some(5000))).toHaveLength(17);
    expect(knotsOf(some(5), 4, true)).toEqual([0, 1, 2, 3, 4]);
    expect(knotsOf(some(5), 1, true)).toBeUndefined();
  });

  it('are one where quantiles are the same value, and none where all are', () => {
    const cylinders = Array.from({ length: 300 }, (_, i) => [4, 4, 4, 6, 8][i % 5] as number);
    expect(knotsOf(cylinders)).toEqual([4, 6, 8]);
    expect(knotsOf(Array(300).fill(7))).toBeUndefined();
    // A column of two values is one number already.
    expect(knotsOf(Array.from({ length: 300 }, (_, i) => i % 2))).toBeUndefined();
  });

  it('are near the quantiles of more values than are kept, in whatever order they come', () => {
    const count = 200_000;
    const rising = Array.from({ length: count }, (_, i) => i / count);
    const mixed = Array.from({ length: count }, (_, i) => ((i * 7919) % count) / count);
    for (const values of [rising, mixed]) {
      const found = knotsOf(values) as readonly number[];
      expect(found).toHaveLength(17);
      for (const [index, knot] of found.entries()) expect(Math.abs(knot - index / 16)).toBeLessThan(0.01);
    }
  });

  it('are those of all columns of numbers that say nothing of it, where a table has some', () => {
    const rows = Array.from({ length: 180 }, (_, i) => ({ a: i, b: i, c: i, d: i % 2 === 0 }));
    const { features } = learnTable(rows, {
      features: [
        { column: 'a', type: 'number' },
        { column: 'b', type: 'number', pieces: 0 },
        { column: 'c', type: 'number', scale: 'none' },
        { column: 'd', type: 'boolean' },
      ],
      labels: [],
      pieces: 16,
    });
    expect(features.map((feature) => 'knots' in feature && feature.knots)).toEqual([
      [0, 60, 119, 179],
      false,
      false,
      false,
    ]);
  });

  it('are fewer in wide tables', () => {
    expect([0, 128, 1000, 5000].map(mostPieces)).toEqual([2048, 16, 2, 0]);
  });
});

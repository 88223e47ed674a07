import { permutation, uniformFloats, uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const take = (n: number, uniform: () => number) => Array.from({ length: n }, uniform);

/** Σ (observed − expected)² / expected over equally likely bins. */
function chiSquare(bins: readonly number[]): number {
  const expected = bins.reduce((sum, count) => sum + count, 0) / bins.length;
  return bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function binned(n: number, bins: number, draw: (i: number) => number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < n; i++) {
    const bin = Math.floor(draw(i) * bins);
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

/** 99.99 % of truly uniform counts stay below. */
const limit = { 256: 347, 6: 25.7 };

describe('uniformStream', () => {
  // Whoever changes these numbers changes every run that anybody ever made.
  it('gives the numbers it always gave', () => {
    expect(take(3, uniformStream(1, 'initial', 'trunk/dense0/kernel'))).toEqual([
      0.01575698284432292, 0.8345337302889675, 0.4140378409065306,
    ]);
    expect(take(2, uniformStream())).toEqual([0.502011519856751, 0.6748575000092387]);
    expect(take(2, uniformStream('größe', -1.5))).toEqual([0.649526002118364, 0.8844370823353529]);
  });

  it('depends on its key alone', () => {
    const [a, b] = [uniformStream(3, 'x'), uniformStream(3, 'x')];
    const first = take(5, a);
    uniformStream(4, 'x')();
    expect(take(5, b)).toEqual(first);
    expect(take(5, a)).not.toEqual(first);
  });

  it('differs wherever keys differ, and by where their words are cut', () => {
    const keys = [[1, 2], [2, 1], [12], [1, 2, ''], ['', 1, 2], [1, 3], ['1,2'], []];
    expect(new Set(keys.map((key) => uniformStream(...key)())).size).toBe(keys.length);
  });

  it('is uniform along a stream and over the first numbers of streams', () => {
    const stream = uniformStream('chi-square');
    expect(chiSquare(binned(50_000, 256, stream))).toBeLessThan(limit[256]);
    expect(chiSquare(binned(50_000, 256, (step) => uniformStream(0, 'forward', step)()))).toBeLessThan(limit[256]);
    const pair = () => (Math.floor(stream() * 16) * 16 + Math.floor(stream() * 16)) / 256;
    expect(chiSquare(binned(50_000, 256, pair))).toBeLessThan(limit[256]);
  });

  it('has streams of neighbouring keys that know nothing of each other', () => {
    const n = 20_000;
    for (const other of [1, 2, 256, 65_536]) {
      let correlation = 0;
      for (let step = 0; step < n; step++) {
        correlation += (uniformStream(7, step)() - 0.5) * (uniformStream(7, step + other)() - 0.5);
      }
      // Standard deviation of the mean of independent products: 1 / (12 √n).
      expect(Math.abs(correlation / n)).toBeLessThan(4 / (12 * Math.sqrt(n)));
    }
  });

  it('has no two equal streams among very many similar keys', () => {
    const seen = new Set<bigint>();
    let keys = 0;
    const paths = [
      'a',
      'b',
      'aa',
      'trunk/dense0',
      'trunk/dense1',
      'heads/left/dense0/dropout',
      'heads/right/dense0/dropout',
    ];
    for (const seed of [0, 1, 2, 10, 100]) {
      for (let step = 0; step < 1000; step++) {
        for (const draw of [0, 1, 2]) {
          for (const path of paths) {
            const uniform = uniformStream(seed, 'forward', step, draw, path);
            seen.add((BigInt(uniform() * 2 ** 32) << 32n) | BigInt(uniform() * 2 ** 32));
            keys++;
          }
        }
      }
    }
    expect(seen.size).toBe(keys);
  });

  it('stays in [0, 1)', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 4 }), (key) => {
        expect(take(20, uniformStream(...key)).every((value) => value >= 0 && value < 1)).toBe(true);
      }),
    );
  });
});

describe('uniformFloats', () => {
  it('gives the numbers it always gave', () => {
    expect(Array.from(uniformFloats(3, 1, 'forward', 0, 0, 'dropout', 0))).toEqual([
      0.9461116194725037, 0.7382518649101257, 0.6028019785881042,
    ]);
  });

  it('is the stream of that key, cut to 24 bits', () => {
    const stream = uniformStream('cut', 5);
    const cut = take(1000, stream).map((value) => Math.floor(value * 2 ** 24) / 2 ** 24);
    expect(Array.from(uniformFloats(1000, 'cut', 5))).toEqual(cut);
  });

  it('begins alike, however many are asked for', () => {
    expect(uniformFloats(100, 'a').subarray(0, 10)).toEqual(uniformFloats(10, 'a'));
    expect(uniformFloats(0, 'a')).toEqual(new Float32Array(0));
  });

  it('stays below 1 in float32', () => {
    expect(uniformFloats(200_000, 'below').every((value) => value >= 0 && value < 1)).toBe(true);
  });
});

describe('permutation', () => {
  it('has every number once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer(), (n, seed) => {
        const order = permutation(n, uniformStream(seed));
        expect(order).toHaveLength(n);
        expect(Array.from(order.slice().sort())).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  it('is the same for the same stream, and hardly ever for another', () => {
    const order = (seed: number) => permutation(50, uniformStream('order', seed)).join();
    expect(order(1)).toBe(order(1));
    expect(new Set(Array.from({ length: 100 }, (_, seed) => order(seed))).size).toBe(100);
  });

  it('gives every order as often as any other', () => {
    const stream = uniformStream('orders');
    const orders = ['0,1,2', '0,2,1', '1,0,2', '1,2,0', '2,0,1', '2,1,0'];
    const counts = binned(12_000, 6, () => orders.indexOf(permutation(3, stream).join()) / 6 + 0.01);
    expect(chiSquare(counts)).toBeLessThan(limit[6]);
  });
});

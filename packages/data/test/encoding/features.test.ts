import { DatasetError, InvalidOptionError } from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRows, type FeatureColumn, inputsOfTable, learnTable, type RawRow } from '../../src/index.js';

/** The numbers of all rows, row by row, after learning from some of them. */
function encoded(
  feature: FeatureColumn,
  training: readonly unknown[],
  given: readonly unknown[] = training,
): number[][] {
  const rows = (values: readonly unknown[]): RawRow[] => values.map((value) => ({ [feature.column]: value }));
  const encoding = learnTable(rows(training), { features: [feature], labels: [] });
  const { inputs, size } = encodeRows(JSON.parse(JSON.stringify(encoding)), rows(given));
  const { data, shape } = (inputs.numbers ?? inputs.categories) as { data: Float32Array; shape: readonly number[] };
  const width = shape[1] as number;
  expect(shape).toEqual([size, inputsOfTable(encoding)[inputs.numbers ? 'numbers' : 'categories']?.shape[0]]);
  return Array.from({ length: size }, (_, row) => Array.from(data.subarray(row * width, (row + 1) * width)));
}

describe('number', () => {
  const x = (more: object = {}) => ({ column: 'x', type: 'number', ...more }) as FeatureColumn;

  it('is standardised by mean and deviation of the training rows', () => {
    // Mean 4, population variance ((−3)² + (−1)² + 1² + 3²) / 4 = 5.
    const rows = encoded(x(), [1, 3, 5, 7], [4, 4 + Math.sqrt(5)]);
    expect(rows[0]?.[0]).toBeCloseTo(0, 6);
    expect(rows[1]?.[0]).toBeCloseTo(1, 6);
  });

  it('has mean 0 and deviation 1 over the training rows, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 2, maxLength: 50 }),
        (values) => {
          fc.pre(Math.max(...values) - Math.min(...values) > 0.5);
          const found = encoded(x(), values).map(([value]) => value as number);
          const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
          const square = found.reduce((sum, value) => sum + value * value, 0) / found.length;
          expect(mean).toBeCloseTo(0, 3);
          expect(square).toBeCloseTo(1, 3);
        },
      ),
    );
  });

  it('stays as it is without scale, and is 0 where the column never changes', () => {
    expect(encoded(x({ scale: 'none' }), [1, 3])).toEqual([[1], [3]]);
    expect(encoded(x(), [5, 5], [5, 6])).toEqual([[0], [1]]);
  });

  it('treats missing values as asked', () => {
    expect(encoded(x({ missing: 'mean', scale: 'none' }), [1, null, 3])).toEqual([[1], [2], [3]]);
    expect(encoded(x({ missing: 'indicator', scale: 'none' }), [1, Number.NaN, 3])).toEqual([
      [1, 0],
      [2, 1],
      [3, 0],
    ]);
    expect(encoded(x({ missing: { constant: 9 }, scale: 'none' }), [1, undefined, 3])).toEqual([[1], [9], [3]]);
    expect(encoded(x({ scale: 'none' }), [1, Number.POSITIVE_INFINITY])).toEqual([
      [1, 0],
      [1, 1],
    ]);
    // Nothing was missing in training: the mean stands in later.
    expect(encoded(x({ scale: 'none' }), [1, 3], [null])).toEqual([[2]]);
  });

  it('says how much of each piece lies below, between quantiles of the training rows', () => {
    const feature = x({ pieces: 2, missing: 'indicator' });
    // The mean of 0, 1, 2, 3 and 14 is 4, their deviation √26; the knots are 0, 2 and 14.
    const rows = encoded(feature, [3, 0, 14, 1, 2, null], [1, 8, -5, 99, null]);
    const scaled = (value: number) => Math.fround((value - 4) / Math.sqrt(26));
    expect(rows).toEqual([
      [scaled(1), 0, 0.5, 0],
      [scaled(8), 0, 1, 0.5],
      [scaled(-5), 0, 0, 0],
      [scaled(99), 0, 1, 1],
      [0, 1, 1, Math.fround(1 / 6)],
    ]);
    expect(encoded(x({ pieces: 0 }), [1, 2, 3], [2])).toEqual([[0]]);
  });

  it('refuses missing and infinite values under error', () => {
    expect(() => encoded(x({ missing: 'error' }), [1, null])).toThrow(/row 1, column `x`: `x` has no value/);
    expect(() => encoded(x({ missing: 'error' }), [1, -Infinity])).toThrow(/`x` has "-Infinity"/);
  });

  it('reads texts, booleans and big integers, and refuses the rest', () => {
    expect(encoded(x({ scale: 'none', missing: 'mean' }), [' 1.5 ', true, 2n, '', '-1e3'])).toEqual([
      [1.5],
      [1],
      [2],
      [(1.5 + 1 + 2 - 1000) / 4],
      [-1000],
    ]);
    for (const value of ['abc', '0x10', {}, [1]]) expect(() => encoded(x(), [1, value])).toThrow(DatasetError);
  });

  it('refuses a column without a value, and a constant that is none', () => {
    expect(() => encoded(x(), [null, null])).toThrow(/`x` must have a value in the training rows/);
    expect(() => encoded(x({ missing: { constant: 'much' } }), [1])).toThrow(InvalidOptionError);
  });
});

describe('boolean', () => {
  it('is 1 and 0; the training share stands in', () => {
    const feature = { column: 'b', type: 'boolean', missing: 'mean' } as const;
    const rows = encoded(feature, [true, 'no', 1, 'TRUE'], [true, false, null]);
    expect(rows).toEqual([[1], [0], [0.75]]);
    expect(() => encoded(feature, [true, 'maybe'])).toThrow(/neither true nor false/);
  });
});

describe('category', () => {
  const c = (more: object = {}) => ({ column: 'c', type: 'category', ...more }) as FeatureColumn;

  it('is one-hot: unknown first, then by how frequent, then missing', () => {
    const rows = encoded(c(), ['b', 'a', 'a', 'b', 'b', null, 'rare'], ['b', 'a', 'rare', 'new', null]);
    expect(rows).toEqual([
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [1, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ]);
  });

  it('is an id for an embedding', () => {
    const rows = encoded(c({ encoding: 'embedding', minCount: 1 }), ['b', 'b', 'a'], ['a', 'b', 'z', null]);
    // Nothing was missing in training: the most frequent category stands in.
    expect(rows).toEqual([[2], [1], [0], [1]]);
  });

  it('keeps the most frequent categories and treats missing ones as asked', () => {
    expect(encoded(c({ maxCategories: 1, missing: { constant: 'a' } }), ['a', 'a', 'b', 'b', null])).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    expect(() => encoded(c({ missing: 'error' }), ['a', null])).toThrow(/`c` has no value/);
    expect(() => encoded(c({ minCount: 0 }), ['a'])).toThrow(InvalidOptionError);
  });

  it('is an embedding where there are many', () => {
    const many = Array.from({ length: 65 }, (_, index) => `v${index}`);
    const encoding = learnTable(
      [...many, ...many].map((value) => ({ c: value })),
      { features: [c()], labels: [] },
    );
    expect(inputsOfTable(encoding)).toEqual({ categories: { shape: [1], dtype: 'int32', categories: [66] } });
  });

  it('tells names of objects’ properties from each other like any others', () => {
    const rows = encoded(c({ minCount: 1 }), ['__proto__', 'constructor', '__proto__'], ['constructor', 'toString']);
    expect(rows).toEqual([
      [0, 0, 1],
      // No training row has an unknown one: it is the mean of those that are known.
      [0, Math.fround(2 / 3), Math.fround(1 / 3)],
    ]);
  });
});

describe('date', () => {
  it('is where in its year and week it lies, and how late it is', () => {
    const feature = { column: 'd', type: 'date', missing: 'mean' } as const;
    // 2024-07-01 was a Monday, 182 of 366 days into its year; 2023-01-01 a Sunday.
    const [july, january, nothing] = encoded(feature, ['2024-07-01', '2023-01-01'], ['2024-07-01', '2023-01-01', null]);
    const near = (found: number[] | undefined, wanted: number[]) =>
      wanted.forEach((value, i) => {
        expect(found?.[i]).toBeCloseTo(value, 6);
      });
    const angle = (2 * Math.PI * 182) / 366;
    near(july, [Math.sin(angle), Math.cos(angle), 0, 1, 1]);
    near(january, [0, 1, Math.sin((2 * Math.PI * 6) / 7), Math.cos((2 * Math.PI * 6) / 7), -1]);
    expect(nothing).toEqual([0, 0, 0, 0, 0]);
  });

  it('has a time of day where training rows have one, and no trend on demand', () => {
    const day = encoded({ column: 'd', type: 'date', parts: ['day'] }, ['2024-07-01T06:00:00Z', '2024-07-01 18:00:00']);
    expect(day[0]?.[0]).toBeCloseTo(1, 6);
    expect(day[1]?.[0]).toBeCloseTo(-1, 6);
    expect(encoded({ column: 'd', type: 'date' }, ['2024-07-01T06:00:00+02:00'])[0]).toHaveLength(7);
    expect(encoded({ column: 'd', type: 'date', trend: false }, ['2024-07-01T06:00:00Z'])[0]).toHaveLength(6);
    expect(encoded({ column: 'd', type: 'date', parts: ['trend'] }, [0, 2, new Date(4)]).map(([t]) => t)).toEqual([
      expect.closeTo(-Math.sqrt(1.5)),
      0,
      expect.closeTo(Math.sqrt(1.5)),
    ]);
    expect(() => encoded({ column: 'd', type: 'date' }, ['1 July'])).toThrow(/no date such as/);
  });

  it('knows the years before 100, and the last ones', () => {
    const year = { column: 'd', type: 'date', parts: ['year'], missing: 'mean' } as const;
    // Noon of the second of July is the middle of a year that is no leap year.
    const middle = (text: string) => encoded(year, [text])[0] as number[];
    for (const date of ['0050-07-02T12:00:00Z', '0099-07-02T12:00:00Z', '1999-07-02T12:00:00Z']) {
      expect(middle(date)[0]).toBeCloseTo(0, 6);
      expect(middle(date)[1]).toBeCloseTo(-1, 6);
    }
    const [last] = encoded(year, [0], [8.64e15]) as [number[]];
    // The 13th of September 275760.
    expect(Math.atan2(last[0] as number, last[1] as number)).toBeCloseTo(2 * Math.PI * (256 / 366 - 1), 5);
  });

  it('takes what no date of JavaScript can be for a missing one', () => {
    const feature = { column: 'd', type: 'date', parts: ['year'], missing: 'indicator' } as const;
    expect(encoded(feature, [0, 8.7e15])).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(() => encoded({ ...feature, missing: 'error' }, [0, -8.7e15])).toThrow(
      /row 1, column `d`: `d` has no value/,
    );
  });
});

describe('text', () => {
  it('is a bag of its most frequent words', () => {
    const feature = { column: 't', type: 'text', words: 2 } as const;
    const rows = encoded(feature, ['Red sky', 'red, RED sun', 'red sky'], ['sky!', 'sun', 'Red SKY', null]);
    expect(rows).toEqual([
      [0, 1],
      [0, 0],
      [1, 1],
      [0, 0],
    ]);
  });
});

import { DatasetError, InvalidOptionError } from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkClasses, labelReader, mostClasses } from '../../src/encoding/labels.js';
import { encodeRows, type FeatureColumn, learnTable, type TableEncoding } from '../../src/index.js';

const learn = (values: readonly unknown[], feature: FeatureColumn = { column: 'x', type: 'number' }): TableEncoding =>
  learnTable(
    values.map((x) => ({ x })),
    { features: [feature], labels: [] },
  );

describe('what was learned', () => {
  it('is refused by the name of the column where JSON could not hold it', () => {
    for (const type of ['number', 'boolean'] as const) {
      for (const constant of [Number.POSITIVE_INFINITY, '1e999', '-inf']) {
        const missing = { constant } as never;
        expect(() => learn([1, 0], { column: 'x', type, missing })).toThrow(InvalidOptionError);
      }
    }
    expect(() => learn([1e308, -1e308, 3])).toThrow(/Column `x` must have values whose mean and spread are numbers/);
    expect(() => learn([1e308, 0, 3])).toThrow(DatasetError);
    expect(() => learn([1e308, -1e308], { column: 'x', type: 'number', scale: 'none' })).toThrow(/Column `x`/);
  });

  it('survives JSON and encodes to finite numbers, whatever the values, or is refused', () => {
    const value = fc.oneof(
      fc.double(),
      fc.constantFrom(1e308, -1e308, 1.7e308, 5e-324, 1e154, -0, Number.NaN, Number.POSITIVE_INFINITY, '1e400', null),
    );
    const scale = fc.constantFrom('standardize', 'none');
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), scale, (values, how) => {
        let encoding: TableEncoding;
        try {
          encoding = learn(values, { column: 'x', type: 'number', scale: how as 'none' });
        } catch (error) {
          expect(error).toBeInstanceOf(DatasetError);
          return;
        }
        const read = JSON.parse(JSON.stringify(encoding)) as TableEncoding;
        expect(read).toEqual(JSON.parse(JSON.stringify(encoding, (_, one) => (Object.is(one, -0) ? 0 : one))));
        expect(JSON.stringify(read)).not.toContain(':null');
        const { inputs } = encodeRows(
          read,
          values.map((x) => ({ x })),
        );
        const { data } = inputs.numbers as { data: Float32Array };
        expect([...data].every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('makes no rows that a block of would not fit into memory', () => {
    const words = Array.from({ length: 100_000 }, (_, word) => `w${word}`);
    const feature = { type: 'category', encoding: 'one-hot', minCount: 1, maxCategories: 100_000 } as const;
    const rows = words.map((word) => ({ a: word, b: word }));
    const features = ['a', 'b'].map((column) => ({ ...feature, column }));
    expect(() => learnTable(rows, { features, labels: [] })).toThrow(
      /at most 131072 numbers, but would be 200002, of which column `a` takes 100001/,
    );
  });
});

describe('classes', () => {
  const names = (count: number) => Array.from({ length: count }, (_, id) => String(id));

  it('are bounded', () => {
    checkClasses([{ column: 'y', kind: 'class', classes: names(mostClasses) }]);
    expect(() => checkClasses([{ column: 'y', kind: 'class', classes: names(mostClasses + 1) }])).toThrow(
      /classes of `y`.*at most 10000/,
    );
  });

  it('take time by the rows, not by rows times classes', () => {
    const read = labelReader({ kind: 'class', classes: names(mostClasses) });
    const began = performance.now();
    // A million rows by ten thousand names would be minutes.
    for (let row = 0; row < 1_000_000; row++) read(String(row % mostClasses));
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(read('other')).toMatchObject({ reason: expect.stringContaining('`0`, `1`') });
  });
});

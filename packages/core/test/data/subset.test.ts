import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowsOfIds, subset } from '../../src/data/subset.js';
import { DatasetError } from '../../src/errors/dataset-error.js';
import { countingTable, drain, idsOf } from './tables.js';

const dataset = countingTable(5, 'y', { sampleWeights: [1, 2, 3, 4, 5], ids: [50, 40, 30, 20, 10] });

describe('subset', () => {
  test('has the rows in the order given, under their ids', () => {
    const part = subset(dataset, [4, 1]);
    expect(part.size).toBe(2);
    expect(part.ids).toEqual(Int32Array.of(10, 40));
    expect(part.inputs).toBe(dataset.inputs);
    expect(drain(part.open({ batchSize: 5 }))).toEqual([dataset.gather([4, 1])]);
    expect(part.labels('y')).toEqual({
      targets: { data: Int32Array.of(1, 1), shape: [2] },
      weights: Float32Array.of(5, 2),
      ids: Int32Array.of(10, 40),
    });
  });

  test('of a subset is a subset', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1 }), fc.array(fc.nat(), { minLength: 1 }), (rows, picks) => {
        const inner = picks.map((pick) => pick % rows.length);
        const twice = subset(subset(dataset, rows), inner);
        const once = subset(
          dataset,
          inner.map((i) => rows[i] as number),
        );
        expect(drain(twice.open({ batchSize: 3, shuffleSeed: 's' }))).toEqual(
          drain(once.open({ batchSize: 3, shuffleSeed: 's' })),
        );
        expect(twice.labels('y')).toEqual(once.labels('y'));
      }),
    );
  });

  test('may have a row twice', () => {
    expect(idsOf([subset(dataset, [0, 0]).gather([0, 1])])).toEqual([50, 50]);
  });

  test('refuses rows that are not there, and none at all', () => {
    expect(() => subset(dataset, [5])).toThrow(DatasetError);
    expect(() => subset(dataset, [])).toThrow(/must have a row/);
  });
});

describe('rowsOfIds', () => {
  test('finds rows', () => {
    expect(rowsOfIds(dataset, [10, 50])).toEqual(Uint32Array.of(4, 0));
  });

  test('names an id that is not there', () => {
    expect(() => rowsOfIds(dataset, [10, 11])).toThrow(/but 11 is not/);
  });
});

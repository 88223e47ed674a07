import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RawBatch } from '../../src/contracts/dataset.js';
import { perTaskDatasets } from '../../src/data/per-task-datasets.js';
import { permutation, uniformStream } from '../../src/random/uniform-stream.js';
import { countingTable, drain } from './tables.js';

const names = ['a', 'b', 'c'];

/** Data sets of the given sizes, one per task; with one input for all, or each its own. */
function datasetOf(sizes: readonly number[], common: boolean) {
  const entries = sizes.map((size, s) => {
    const name = names[s] as string;
    return [name, countingTable(size, name, {}, common ? 'x' : `x${s}`)] as const;
  });
  return perTaskDatasets(Object.fromEntries(entries));
}

/** Ids within its own data set of the rows that a batch took of source `s`. */
function rowsOf(batch: RawBatch, s: number, offset: number): number[] {
  const ids = [...(batch.ids[names[s] as string] ?? [])];
  if (batch.rowSource === undefined) return ids.filter((id) => id >= 0);
  return ids.filter((_, row) => batch.rowSource?.[row] === s).map((id) => id - offset);
}

const cases = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
  batchSize: fc.integer({ min: 1, max: 12 }),
  common: fc.boolean(),
  shuffleSeed: fc.string(),
  epoch: fc.nat(3),
});

/** A schedule that is a function of the step alone. */
function scheduleOf(sources: number, batchSize: number): (step: number) => number[] {
  return (step) => {
    const rows = new Array<number>(sources).fill(0);
    const uniform = uniformStream('schedule', step);
    for (let i = 0; i < batchSize; i++) {
      const s = Math.floor(uniform() * sources);
      rows[s] = (rows[s] as number) + 1;
    }
    return rows;
  };
}

test('without a schedule, an epoch has every row of every source once', () => {
  fc.assert(
    fc.property(cases, ({ sizes, batchSize, common, shuffleSeed, epoch }) => {
      const dataset = datasetOf(sizes, common);
      const cursor = dataset.open({ batchSize, shuffleSeed });
      cursor.seek(epoch, 0);
      const batches = drain(cursor);
      expect(batches.length).toBe(dataset.batches({ batchSize }));
      expect(batches.slice(0, -1).every(({ size }) => size === batchSize)).toBe(true);
      sizes.forEach((size, s) => {
        const rows = batches.flatMap((batch) => rowsOf(batch, s, dataset.idOffsets[s] as number));
        expect(rows).toEqual([
          ...permutation(size, uniformStream(shuffleSeed, 'shuffle', names[s] as string, epoch, 0)),
        ]);
      });
    }),
  );
});

test('with a schedule, each source goes through permutation after permutation', () => {
  fc.assert(
    fc.property(cases, ({ sizes, batchSize, common, shuffleSeed, epoch }) => {
      const dataset = datasetOf(sizes, common);
      const rows = scheduleOf(sizes.length, batchSize);
      const batches = dataset.batches({ batchSize });
      const cursor = dataset.open({ batchSize, shuffleSeed, rows });
      cursor.seek(epoch, 0);
      const seen = drain(cursor);
      expect(seen.map(({ size }) => size)).toEqual(new Array(batches).fill(batchSize));
      sizes.forEach((size, s) => {
        const taken = seen.flatMap((batch) => rowsOf(batch, s, dataset.idOffsets[s] as number));
        const planned = seen.reduce((sum, _, i) => sum + (rows(epoch * batches + i)[s] as number), 0);
        const passes = Array.from({ length: Math.ceil(planned / size) }, (_, pass) => [
          ...permutation(size, uniformStream(shuffleSeed, 'shuffle', names[s] as string, epoch, pass)),
        ]);
        expect(taken).toEqual(passes.flat().slice(0, planned));
      });
    }),
  );
});

test('seek gives what replay gives, and so does a saved position', () => {
  fc.assert(
    fc.property(
      cases,
      fc.nat(40),
      fc.boolean(),
      ({ sizes, batchSize, common, shuffleSeed, epoch }, skip, scheduled) => {
        const dataset = datasetOf(sizes, common);
        const rows = scheduleOf(sizes.length, batchSize);
        const open = () => dataset.open({ batchSize, shuffleSeed, ...(scheduled ? { rows } : {}) });
        const batch = Math.min(skip, dataset.batches({ batchSize }));
        const replayed = open();
        drain(replayed);
        replayed.seek(epoch, 0);
        for (let i = 0; i < batch; i++) replayed.next();
        const sought = open();
        sought.seek(epoch, batch);
        const restored = open();
        restored.seekTo(JSON.parse(JSON.stringify(replayed.position())));
        expect(sought.position()).toEqual(replayed.position());
        const rest = drain(replayed);
        expect(drain(sought)).toEqual(rest);
        expect(drain(restored)).toEqual(rest);
      },
    ),
  );
});

test('labels and inputs of a row belong together', () => {
  fc.assert(
    fc.property(cases, ({ sizes, batchSize, shuffleSeed }) => {
      const dataset = datasetOf(sizes, true);
      for (const batch of drain(dataset.open({ batchSize, shuffleSeed }))) {
        batch.rowSource?.forEach((source, row) => {
          const own = batch.inputs.x?.data[2 * row] as number;
          expect((batch.ids.a?.[row] as number) - (dataset.idOffsets[source] as number)).toBe(own);
          sizes.forEach((_, s) => {
            expect(batch.columns[names[s] as string]?.data[row]).toBe(s === source ? own % 3 : -1);
          });
        });
      }
    }),
  );
});

test('a source without rows has a placeholder where it has an input of its own', () => {
  const cursor = datasetOf([4, 4], false).open({ batchSize: 3, rows: () => [3, 0] });
  const batch = cursor.next();
  expect(batch?.size).toBe(3);
  expect(batch?.inputs.x1?.shape).toEqual([1, 2]);
  expect(batch?.columns.b).toEqual({ data: Int32Array.of(-1), shape: [1] });
  expect(batch?.ids.b).toEqual(Int32Array.of(-1));
});

describe('refuses', () => {
  test.each([[[1, 1]], [[3]], [[4, -1]], [[1.5, 1.5]], [[1, 1, 1]]])(
    '%s rows for a batch of 3 from 2 sources',
    (rows) => {
      const cursor = datasetOf([4, 4], true).open({ batchSize: 3, rows: () => rows });
      expect(() => cursor.next()).toThrow(/2 whole numbers from 0 \(a, b\) that sum to batchSize 3/);
    },
  );

  test('a position of other data sets', () => {
    const position = datasetOf([4], true).open({ batchSize: 3 }).position();
    expect(() => datasetOf([4, 4], true).open({ batchSize: 3 }).seekTo(position)).toThrow(/rows taken of 2 sources/);
  });

  test('to give no batch', () => {
    expect(() => datasetOf([1, 1], true).open({ batchSize: 3, lastBatch: 'drop' })).toThrow(/must have a batch/);
  });
});

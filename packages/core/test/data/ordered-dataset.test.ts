import { expect, it } from 'vitest';
import { orderedTableRows } from '../../src/data/ordered-dataset.js';
import { type OrderedDataset, perTaskDatasets, type RawBatch, tableDataset } from '../../src/index.js';

const table = (column: string, rows: number) =>
  tableDataset({
    inputs: { x: { data: Float32Array.from({ length: rows }, (_, row) => row), shape: [rows, 1] } },
    columns: { [column]: Float32Array.from({ length: rows }, (_, row) => row) },
  });

it('goes through all rows once, then again in another order', () => {
  const rows = orderedTableRows(table('y', 10), 's');
  const all = rows.take(['e'], 0, 25) as RawBatch;
  const ids = [...(all.ids.y ?? [])];
  for (const start of [0, 10]) expect(ids.slice(start, start + 10).sort()).toEqual([...Array(10).keys()]);
  expect(ids.slice(0, 10)).not.toEqual(ids.slice(10, 20));
  const middle = rows.take(['e'], 7, 6) as RawBatch;
  expect([...(middle.ids.y ?? [])]).toEqual(ids.slice(7, 13));
  expect((orderedTableRows(table('y', 10), undefined).take([], 8, 4) as RawBatch).ids.y).toEqual(
    Int32Array.of(8, 9, 0, 1),
  );
});

/** A table that hands its rows over later. */
function later(column: string, rows: number): OrderedDataset {
  const { ids: _, gather: __, ...dataset } = table(column, rows);
  return {
    ...dataset,
    fingerprint: `made up ${rows}`,
    idLimit: rows,
    labels: async (name) => table(column, rows).labels(name),
    orderedRows(seed) {
      const own = orderedTableRows(table(column, rows), seed);
      return { layout: { perBlock: 3 }, take: async (...place) => own.take(...place) };
    },
  };
}

it('feeds data sets per task with the same rows as tables in memory, at the same places', async () => {
  const streamed = perTaskDatasets({ left: later('left', 7), right: later('right', 3) });
  const held = perTaskDatasets({ left: table('left', 7), right: table('right', 3) });
  expect(streamed.fingerprint).toBe('left=made up 7 right=made up 3');
  expect((await streamed.labels('right')).ids).toEqual(held.labels('right').ids);
  const options = { batchSize: 4, shuffleSeed: 's', rows: () => [1, 3] };
  const [one, other] = [streamed.open(options), held.open(options)];
  for (let batch = other.next(); batch !== null; batch = other.next()) {
    const position = JSON.parse(JSON.stringify(one.position()));
    expect(await one.next()).toEqual(batch);
    const resumed = streamed.open(options);
    resumed.seekTo(position);
    expect(await resumed.next()).toEqual(batch);
  }
  expect(one.next()).toBeNull();
  const position = { ...one.position(), layouts: [{ perBlock: 4 }, { perBlock: 3 }] };
  expect(() => one.seekTo(position)).toThrow(/Resume with the data sets/);
});

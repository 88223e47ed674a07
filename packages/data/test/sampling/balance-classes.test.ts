import { tableDataset, UnknownNameError } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { balanceClasses, type StreamedDataset } from '../../src/index.js';
import { loadTable } from '../../src/node/index.js';
import { folderWith } from '../helpers/folder.js';

const rare = Int32Array.of(0, 0, 0, 0, 0, 1, 1, 2, -1, -1);
const x = { data: Float32Array.from(rare.keys()), shape: [10, 1] };
const dataset = tableDataset({ inputs: { x }, columns: { rare, y: new Float32Array(10) } });

const counts = (labels: ArrayLike<number>) =>
  [-1, 0, 1, 2].map((id) => Array.from(labels).filter((label) => label === id).length);

describe('balanceClasses', () => {
  it('repeats rare rows, each about as often', () => {
    const balanced = balanceClasses(dataset, 'rare', { seed: 1 });
    const { targets, ids } = balanced.labels('rare');
    expect(counts(targets.data)).toEqual([2, 5, 5, 5]);
    const times = (id: number) => ids.filter((one) => one === id).length;
    expect([times(0), times(7), times(5) + times(6), times(8)]).toEqual([1, 5, 5, 1]);
    expect(Math.abs(times(5) - times(6))).toBe(1);
    expect(balanceClasses(dataset, 'rare', { seed: 1 }).ids).toEqual(balanced.ids);
  });

  it('leaves frequent rows out, none twice', () => {
    const balanced = balanceClasses(dataset, 'rare', { method: 'undersample', seed: 2 });
    expect(counts(balanced.labels('rare').targets.data)).toEqual([2, 1, 1, 1]);
    expect(new Set(balanced.ids).size).toBe(5);
  });

  it('takes hundreds of thousands of rows in time that grows with their number', () => {
    const rows = 600_000;
    const many = tableDataset({
      inputs: { x: { data: new Float32Array(rows), shape: [rows, 1] } },
      columns: { k: Int32Array.from({ length: rows }, (_, row) => Number(row % 4 === 0)) },
    });
    const { targets } = balanceClasses(many, 'k').labels('k');
    expect(targets.data.length).toBe(900_000);
    expect((targets.data as Int32Array).reduce((sum, id) => sum + id, 0)).toBe(450_000);
  });

  it('keeps whole rows', () => {
    const batch = balanceClasses(dataset, 'rare').gather([0, 5, 10, 16]);
    expect([...(batch.inputs.x?.data ?? [])]).toEqual([...(batch.ids.rare ?? [])]);
  });

  it('refuses columns without classes', () => {
    expect(() => balanceClasses(dataset, 'y')).toThrow(/class ids/);
    expect(() => balanceClasses(dataset, 'z')).toThrow(UnknownNameError);
    expect(() => balanceClasses(dataset, 'rare', { method: 'no' as never })).toThrow(/oversample/);
  });
});

describe('balanceClasses of streamed rows', () => {
  /** 30 rows of class a, 6 of b, 3 without one. */
  async function streamed(): Promise<StreamedDataset> {
    const lines = Array.from({ length: 39 }, (_, row) => `${row},${row < 30 ? 'a' : row < 36 ? 'b' : ''}`);
    const folder = folderWith({ 'rows.csv': `x,kind\n${lines.join('\n')}\n` });
    const { train } = await loadTable({
      source: `${folder}/rows.csv`,
      labels: [{ column: 'kind', kind: 'class' }],
      features: { x: { type: 'number', scale: 'none' } },
      memory: 0,
      cache: `${folder}/cache`,
    });
    return train as StreamedDataset;
  }
  const epoch = async (dataset: StreamedDataset, number: number) => {
    const cursor = dataset.open({ batchSize: 7, shuffleSeed: 's' });
    cursor.seek(number, 0);
    const labels: number[][] = [];
    const ids: number[] = [];
    for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
      labels.push([...(batch.columns.kind?.data ?? [])]);
      ids.push(...(batch.ids.kind ?? []));
      expect([...(batch.inputs.numbers?.data ?? [])]).toEqual([...(batch.ids.kind ?? [])]);
    }
    return { labels, ids };
  };

  it('has all classes in equal parts, in every batch and epoch', async () => {
    const dataset = await balanceClasses(await streamed(), 'kind');
    expect(dataset.size).toBe(63);
    const { labels, ids } = await epoch(dataset, 0);
    expect(counts(labels.flat())).toEqual([3, 30, 30, 0]);
    for (const batch of labels)
      expect(Math.abs((counts(batch)[1] as number) - (counts(batch)[2] as number))).toBeLessThan(3);
    // Every row of the frequent class once, of the rare one five times.
    const times = (id: number) => ids.filter((one) => one === id).length;
    expect(Array.from({ length: 39 }, (_, id) => times(id))).toEqual([
      ...new Array(30).fill(1),
      ...new Array(6).fill(5),
      1,
      1,
      1,
    ]);
    expect((await epoch(dataset, 1)).ids).not.toEqual(ids);
    expect((await epoch(dataset, 0)).ids).toEqual(ids);
  });

  it('leaves the same rows out in every epoch', async () => {
    const dataset = await balanceClasses(await streamed(), 'kind', { method: 'undersample', seed: 3 });
    const [first, second] = [await epoch(dataset, 0), await epoch(dataset, 1)];
    expect(counts(first.labels.flat())).toEqual([3, 6, 6, 0]);
    expect([...first.ids].sort()).toEqual([...second.ids].sort());
    const other = await balanceClasses(await streamed(), 'kind', { method: 'undersample', seed: 4 });
    expect([...(await epoch(other, 0)).ids].sort()).not.toEqual([...first.ids].sort());
  });
});

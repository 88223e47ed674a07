import { renameSync, truncateSync } from 'node:fs';
import { type Cursor, collectLabels, type RawBatch, regression } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { loadRowFile, streamRowFile } from '../../../src/node/rows/row-file-dataset.js';
import { madeUp } from '../../helpers/made-up-rows.js';

/** Blocks of 4 rows (24 bytes each), windows of 3 blocks. */
const small = { block: 96, window: 288 };

async function restOf(cursor: Cursor): Promise<RawBatch[]> {
  const batches: RawBatch[] = [];
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) batches.push(batch);
  return batches;
}

const idsOf = (batches: readonly RawBatch[]) => batches.flatMap(({ ids }) => [...(ids.half as Int32Array)]);

function expectRight({ inputs, columns, ids, size }: RawBatch): void {
  for (let i = 0; i < size; i++) {
    const row = (ids.half?.[i] as number) - 1000;
    expect(inputs.numbers?.data.slice(2 * i, 2 * i + 2)).toEqual(Float32Array.of(row, -row));
    expect(inputs.categories?.data[i]).toBe(row % 3);
    expect(columns.half?.data[i]).toBe(row % 5 === 0 ? Number.NaN : row / 2);
    expect(columns.quarter?.data[i]).toBe(row % 4);
  }
}

describe('streamRowFile', () => {
  it('gives every row once per epoch, whole, in orders of its own', async () => {
    const dataset = await streamRowFile(madeUp(50), small);
    const cursor = dataset.open({ batchSize: 7, shuffleSeed: 's' });
    const orders: number[][] = [];
    for (const epoch of [0, 1]) {
      cursor.seek(epoch, 0);
      const batches = await restOf(cursor);
      expect(batches.map(({ size }) => size)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
      for (const batch of batches) expectRight(batch);
      orders.push(idsOf(batches));
      expect([...(orders[epoch] as number[])].sort((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, r) => 1000 + r),
      );
    }
    expect(orders[0]).not.toEqual(orders[1]);
  });

  it('writes inputs over those of the batch before the last where it may, and nothing else', async () => {
    const cursor = (await streamRowFile(madeUp(50), small)).open({ batchSize: 7, shuffleSeed: 's', reuse: true });
    const batches: RawBatch[] = [];
    for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
      expectRight(batch);
      for (const before of batches.slice(-1)) expectRight(before);
      batches.push(batch);
    }
    expect(batches[2]?.inputs.numbers?.data).toBe(batches[0]?.inputs.numbers?.data);
    const plain = (await streamRowFile(madeUp(50), small)).open({ batchSize: 7, shuffleSeed: 's' });
    const labels = (all: readonly RawBatch[]) => all.map(({ ids, columns }) => [ids, columns]);
    expect(labels(batches)).toEqual(labels(await restOf(plain)));
  });

  it('says what is gone where its file is removed meanwhile, and goes on to the same rows once it is made again (F31)', async () => {
    const file = madeUp(50);
    const dataset = await streamRowFile(file, small);
    const options = { batchSize: 6, shuffleSeed: 's' } as const;
    const undisturbed = idsOf(await restOf(dataset.open(options)));
    const cursor = dataset.open(options);
    await cursor.next();
    const position = JSON.parse(JSON.stringify(cursor.position()));
    renameSync(file.path, `${file.path}.gone`);
    // The machine's error and not ours: what has been trained so far can go on.
    await expect(restOf(cursor)).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open', path: file.path });
    renameSync(`${file.path}.gone`, file.path);
    const resumed = (await streamRowFile(file, small)).open(options);
    resumed.seekTo(position);
    expect(idsOf(await restOf(resumed))).toEqual(undisturbed.slice(6));
  });

  it('goes on from a saved position to the same batches, whatever was read ahead', async () => {
    const dataset = await streamRowFile(madeUp(50), small);
    const options = { batchSize: 6, shuffleSeed: 's', lastBatch: 'drop' } as const;
    expect(dataset.batches(options)).toBe(8);
    for (const taken of [0, 1, 3, 7]) {
      const cursor = dataset.open(options);
      cursor.seek(2, 0);
      for (let i = 0; i < taken; i++) await cursor.next();
      const position = JSON.parse(JSON.stringify(cursor.position()));
      const rest = idsOf(await restOf(cursor));
      const resumed = dataset.open(options);
      resumed.seekTo(position);
      expect(idsOf(await restOf(resumed))).toEqual(rest);
      resumed.seek(2, taken);
      expect(idsOf(await restOf(resumed))).toEqual(rest);
    }
    const other = await streamRowFile(madeUp(50), { block: 48, window: 288 });
    const position = dataset.open(options).position();
    expect(() => other.open(options).seekTo(position)).toThrow(/Resume with the data/);
  });

  it('hands batches over at once where the rows are in memory already', async () => {
    const cursor = (await streamRowFile(madeUp(40), small)).open({ batchSize: 4 });
    expect(cursor.next()).toBeInstanceOf(Promise);
    await cursor.next();
    expect(cursor.next()).not.toBeInstanceOf(Promise);
  });

  it('keeps labels apart for what is learned of them', async () => {
    const dataset = await streamRowFile(madeUp(20), small);
    const { targets, weights } = await collectLabels(dataset, regression('half'));
    expect([...targets.data]).toEqual(
      Array.from({ length: 20 }, (_, row) => row / 2).filter((_, row) => row % 5 !== 0),
    );
    expect(weights).toHaveLength(16);
    expect((await dataset.labels('quarter')).ids[3]).toBe(1003);
    await expect(dataset.labels('third')).rejects.toThrow(/third/);
  });

  it('refuses a file that is not as long as it should be', async () => {
    const file = madeUp(20);
    truncateSync(file.path, 20 * 24 - 1);
    await expect(streamRowFile(file)).rejects.toThrow(/must have 480 bytes, but have 479/);
    await expect(loadRowFile(file)).rejects.toThrow(/must have 480 bytes/);
  });

  it('tells of a file that is gone when its rows are needed', async () => {
    const file = madeUp(20);
    const dataset = await streamRowFile(file, small);
    truncateSync(file.path, 24);
    await expect(restOf(dataset.open({ batchSize: 4 }))).rejects.toThrow(/end early/);
  });

  it('refuses batches of no row', async () => {
    const dataset = await streamRowFile(madeUp(5), small);
    expect(() => dataset.open({ batchSize: 0 })).toThrow(/batchSize/);
    expect(() => dataset.open({ batchSize: 6, lastBatch: 'drop' })).toThrow(/5 rows, fewer than batchSize 6/);
  });
});

it('loadRowFile holds the same rows in memory', async () => {
  const dataset = await loadRowFile(madeUp(23));
  const batch = dataset.gather(Array.from({ length: 23 }, (_, row) => 22 - row));
  expectRight(batch);
  expect(idsOf([batch])).toEqual(Array.from({ length: 23 }, (_, row) => 1022 - row));
});

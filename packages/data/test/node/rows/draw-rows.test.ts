import { readdirSync } from 'node:fs';
import { collectLabels, DatasetError, InvalidOptionError, regression } from '@polytask/core';
import { expect, it } from 'vitest';
import { streamRowFile } from '../../../src/node/rows/row-file-dataset.js';
import { madeUp } from '../../helpers/made-up-rows.js';

const by = (rows: number, code: (row: number) => number) => Int32Array.from({ length: rows }, (_, row) => code(row));

it('writes rows by stratum once, whole and in their order, with their labels and ids', async () => {
  const file = madeUp(30);
  const dataset = await streamRowFile(file);
  const codes = by(30, (row) => (row % 3) - 1);
  const drawn = await dataset.draw({ codes, times: [1, 1] });
  const before = readdirSync(file.cache).sort();
  expect(before).toEqual([expect.stringMatching(/^rows-[0-9a-f]{40}$/), 'table']);
  const again = await dataset.draw({ codes, times: [1, 2] });
  expect(readdirSync(file.cache).sort()).toEqual(before);
  expect(again.fingerprint).toBe(drawn.fingerprint);
  const { targets, ids, weights } = await drawn.labels('half');
  // Rows of code 0 are 1, 4, 7, ...; of code 1: 2, 5, 8, ...
  const expected = [...by(10, (i) => 3 * i + 1), ...by(10, (i) => 3 * i + 2)];
  expect([...ids]).toEqual(expected.map((row) => 1000 + row));
  expect([...targets.data]).toEqual(expected.map((row) => (row % 5 === 0 ? Number.NaN : row / 2)));
  expect(weights).toBeUndefined();
  const batch = await drawn.open({ batchSize: 20 }).next();
  expect([...(batch?.columns.quarter?.data ?? [])].sort()).toEqual(expected.map((row) => row % 4).sort());
  expect(drawn.size).toBe(20);
  expect(again.size).toBe(30);
});

it('tells tasks how often rows come, by weights', async () => {
  const dataset = await (await streamRowFile(madeUp(20))).draw({ codes: by(20, (row) => +(row >= 15)), times: [1, 3] });
  const { targets, weights } = await collectLabels(dataset, regression('half'));
  expect([...weights]).toEqual([...targets.data].map((half) => (half >= 7.5 ? 3 : 1)));
});

it('draws strata of strata: shares multiply', async () => {
  const first = await (await streamRowFile(madeUp(24))).draw({ codes: by(24, (row) => row % 2), times: [1, 2] });
  const { ids } = await first.labels('quarter');
  const second = await first.draw({ codes: ids.map((id) => (id % 3 === 0 ? -1 : 0)), times: [2] });
  // Of the rows that are left, 8 are even (twice) and 8 odd (four times).
  expect(second.size).toBe(8 * 2 + 8 * 4);
  const counts = new Map<number, number>();
  const batch = await second.open({ batchSize: 48 }).next();
  for (const id of batch?.ids.half ?? []) counts.set(id - 1000, (counts.get(id - 1000) ?? 0) + 1);
  expect([...counts].every(([row, count]) => (row + 1000) % 3 !== 0 && count === (row % 2 === 0 ? 2 : 4))).toBe(true);
  expect(counts.size).toBe(16);
});

it('writes nothing where rows stay where they are', async () => {
  const file = madeUp(12);
  const dataset = await streamRowFile(file);
  const same = await dataset.draw({ codes: new Int32Array(12), times: [1] });
  expect([same.size, readdirSync(file.cache)]).toEqual([12, ['table']]);
});

it('refuses strata that are none', async () => {
  const dataset = await streamRowFile(madeUp(12));
  await expect(dataset.draw({ codes: new Int32Array(11), times: [1] })).rejects.toThrow(InvalidOptionError);
  await expect(dataset.draw({ codes: new Int32Array(12).fill(1), times: [1] })).rejects.toThrow(/below 1/);
  await expect(dataset.draw({ codes: new Int32Array(12).fill(-1), times: [1] })).rejects.toThrow(DatasetError);
});

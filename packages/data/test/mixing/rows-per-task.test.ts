import {
  adam,
  type Checkpoint,
  createTrainer,
  mlp,
  perTaskDatasets,
  regression,
  tableDataset,
  UnknownNameError,
} from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { balanceClasses, rowsPerTask, type StreamedDataset, temperatureMixing } from '../../src/index.js';
import { loadTable } from '../../src/node/index.js';
import { folderWith } from '../helpers/folder.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

const x = { data: Float32Array.from({ length: 6 }, (_, row) => row), shape: [6, 1] };
const columns = { price: [1, null, 3, null, 5, 6], grade: Int32Array.of(-1, 1, 0, 2, -1, -1) };
const table = tableDataset({ inputs: { x }, columns, ids: [10, 11, 12, 13, 14, 15] });

it('gives every task the rows that have its label, and no other label', () => {
  const { price, grade } = rowsPerTask(table, { price: 'price', grade: 'grade' });
  expect([price?.size, [...(grade?.ids ?? [])], grade?.columns]).toEqual([4, [11, 12, 13], ['grade']]);
  const batch = grade?.open({ batchSize: 3 }).next();
  expect(batch?.columns).toEqual({ grade: { data: Int32Array.of(1, 0, 2), shape: [3] } });
  expect(batch?.inputs.x?.data).toEqual(Float32Array.of(1, 2, 3));
  expect(grade?.gather([2]).ids).toEqual({ grade: Int32Array.of(13) });
  expect(() => grade?.labels('price')).toThrow(UnknownNameError);
});

it('makes one data set of them, every label once per epoch', () => {
  const dataset = perTaskDatasets(rowsPerTask(table, { price: 'price', grade: 'grade' }));
  const cursor = dataset.open({ batchSize: 7, shuffleSeed: 's' });
  const batch = cursor.next();
  expect([batch?.size, cursor.next()]).toEqual([7, null]);
  const prices = [...(batch?.columns.price?.data ?? [])].filter((price) => !Number.isNaN(price));
  expect(prices.sort()).toEqual([1, 3, 5, 6]);
});

it('refuses a task without a label', () => {
  const none = tableDataset({ inputs: { x }, columns: { price: [null, null, null, null, null, null] } });
  expect(() => rowsPerTask(none, { price: 'price' })).toThrow(/no row has one/);
});

describe('rowsPerTask of streamed rows', () => {
  /** 60 rows; `even` has a label in every other row, `few` in every tenth. */
  async function streamed(): Promise<StreamedDataset> {
    const lines = Array.from({ length: 60 }, (_, row) => {
      const kind = row % 6 === 0 ? 'rare' : 'usual';
      return `${row},${row % 2 === 0 ? row / 10 : ''},${row % 10 === 0 ? row : ''},${kind}`;
    });
    const folder = folderWith({ 'rows.csv': `x,even,few,kind\n${lines.join('\n')}\n` });
    const { train } = await loadTable({
      source: `${folder}/rows.csv`,
      labels: [
        { column: 'even', kind: 'number' },
        { column: 'few', kind: 'number' },
        { column: 'kind', kind: 'class' },
      ],
      features: { x: { type: 'number', scale: 'none' } },
      memory: 0,
      cache: `${folder}/cache`,
    });
    return train as StreamedDataset;
  }
  const tasks = { even: 'even', few: 'few' };

  it('gives every task its rows and its label only', async () => {
    const { even, few } = await rowsPerTask(await streamed(), tasks);
    expect([even?.size, few?.size, even?.columns]).toEqual([30, 6, ['even']]);
    const batch = await few?.open({ batchSize: 6 }).next();
    expect(Object.keys(batch?.columns ?? {})).toEqual(['few']);
    expect(batch?.inputs.numbers?.data).toEqual(batch?.columns.few?.data);
    await expect(few?.labels('even')).rejects.toThrow(UnknownNameError);
    const rows = await rowsPerTask(await streamed(), { kind: 'kind' });
    expect(rows.kind?.size).toBe(60);
  });

  it('keeps the shares of balanced classes', async () => {
    const balanced = await balanceClasses(await streamed(), 'kind');
    expect(balanced.size).toBe(100);
    const { few } = await rowsPerTask(balanced, tasks);
    // Rows 0 and 30 are rare and come five times as often as 10, 20, 40 and 50.
    expect(few?.size).toBe(2 * 5 + 4);
    const batch = await few?.open({ batchSize: 14 }).next();
    expect([...(batch?.ids.few ?? [])].filter((id) => id % 30 === 0)).toHaveLength(10);
  });

  it('trains the same with and without a stop, bit for bit', async () => {
    const train = perTaskDatasets(await rowsPerTask(await streamed(), tasks));
    expect(train.sources).toEqual([
      { name: 'even', rows: 30 },
      { name: 'few', rows: 6 },
    ]);
    const begin = (seed = 1) =>
      createTrainer({
        tasks: [regression('even'), regression('few')],
        sharing: tinySharing(mlp([3])),
        optimizer: adam({ learningRate: 0.01 }),
        schedule: temperatureMixing({ temperature: 3 }),
        seed,
      });
    const weightsOf = async (trainer: Awaited<ReturnType<typeof begin>>) =>
      (await trainer.checkpoint()).tensors.parameters?.data;
    const fit = { epochs: 3, batchSize: 5 };
    const whole = await begin();
    await whole.fit(train, fit);
    const expected = await weightsOf(whole);
    whole.dispose();
    for (const stopAt of [1, 9, 13]) {
      const first = await begin();
      const stop = new AbortController();
      const stepEnd = ({ step }: { step: number }) => (step + 1 === stopAt ? stop.abort() : undefined);
      await first.fit(train, { ...fit, signal: stop.signal, callbacks: [{ stepEnd }] });
      const saved: Checkpoint = structuredClone(await first.checkpoint());
      first.dispose();
      const second = await begin();
      await second.restore(saved);
      await second.fit(perTaskDatasets(await rowsPerTask(await streamed(), tasks)), fit);
      expect(await weightsOf(second)).toEqual(expected);
      second.dispose();
    }
    const other = await begin(2);
    await other.fit(train, fit);
    expect(await weightsOf(other)).not.toEqual(expected);
    other.dispose();
  });

  it('refuses to go on in an order of other blocks', async () => {
    const train = perTaskDatasets(await rowsPerTask(await streamed(), tasks));
    const cursor = train.open({ batchSize: 4 });
    const position = JSON.parse(JSON.stringify(cursor.position()));
    expect(() => cursor.seekTo(position)).not.toThrow();
    position.layouts[0].perBlock += 1;
    expect(() => cursor.seekTo(position)).toThrow(/Resume with the data sets/);
  });
});

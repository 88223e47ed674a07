import {
  type Batch,
  labelBatch,
  perTaskDatasets,
  regression,
  requireParts,
  sumOfLosses,
  tableDataset,
} from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { joinBatches } from '../../src/training/batch-parts.js';
import { splitBatch } from '../../src/training/split-batch.js';

const tasks = [regression('a'), regression('b')];
const rows = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
/** Numbered rows: inputs, labels and ids are the row's number. */
const table = (name: string, count: number, input = 'x') =>
  tableDataset({
    inputs: { [input]: { data: Float32Array.from(rows(0, count)), shape: [count, 1] } },
    columns: { [name]: Float32Array.from(rows(0, count)) },
  });
const numbered = (from: number, count: number): Batch => labelBatch(table('a', 20).gather(rows(from, count)), tasks);

/** What every piece has: of input and labels the rows' numbers, and the sizes. */
const seen = ({ batch, partOf, count }: ReturnType<typeof splitBatch>) => ({
  count,
  pieces: batch.parts.map(({ inputs, targets, ids, size }, i) => {
    const [x, labels] = [inputs.x?.data, targets.a?.data].map((data) => Array.from(data ?? []));
    expect([x, Array.from(ids.a ?? []), x?.length]).toEqual([labels, labels, size]);
    return [partOf[i], ...(x ?? [])];
  }),
});

describe('splitBatch', () => {
  it('deals rows out by turns, so that parts differ by one at most', () => {
    const split = splitBatch(numbered(0, 7), 3, 1);
    expect(seen(split)).toEqual({
      count: 3,
      pieces: [
        [0, 0, 3, 6],
        [1, 1, 4],
        [2, 2, 5],
      ],
    });
    expect(split.batch.size).toBe(7);
    expect(split.batch.parts.map(({ whole }) => whole?.size)).toEqual([7, 7, 7]);
  });

  it('makes fewer parts of fewer rows, and keeps two in each where that is asked', () => {
    expect(splitBatch(numbered(0, 2), 3, 1).count).toBe(2);
    expect([4, 5, 6, 7].map((count) => splitBatch(numbered(0, count), 3, 2).count)).toEqual([2, 2, 3, 3]);
    expect(seen(splitBatch(numbered(4, 1), 3, 2))).toEqual({ count: 1, pieces: [[0, 4]] });
  });

  it('goes on dealing from one accumulated batch to the next', () => {
    const batches = [numbered(0, 2), numbered(2, 4), numbered(6, 1)];
    expect(seen(splitBatch(joinBatches(batches), 3, 1))).toEqual({
      count: 3,
      pieces: [
        [0, 0],
        [1, 1],
        [0, 3],
        [1, 4],
        [2, 2, 5],
        [0, 6],
      ],
    });
    // The smallest of them says how many parts have two rows in every piece.
    expect(splitBatch(joinBatches([numbered(0, 6), numbered(6, 4)]), 3, 2).count).toBe(2);
  });

  it('keeps what says whose a row is', () => {
    const data = perTaskDatasets({ a: table('a', 4), b: table('b', 3) });
    const raw = data.open({ batchSize: 7 }).next();
    const batch = labelBatch(raw as NonNullable<typeof raw>, tasks, {}, undefined, data.sources);
    const { parts } = splitBatch(batch, 2, 1).batch;
    expect(parts.map(({ rowTask }) => Array.from(rowTask ?? []))).toEqual([
      [0, 0, 1, 1],
      [0, 0, 1],
    ]);
    expect(parts.map(({ weights }) => [Array.from(weights.a ?? []), Array.from(weights.b ?? [])])).toEqual([
      [
        [1, 1, 0, 0],
        [0, 0, 1, 1],
      ],
      [
        [1, 1, 0],
        [0, 0, 1],
      ],
    ]);
  });

  it('puts a row without its label where a task with inputs of its own has too few', () => {
    const data = perTaskDatasets({ a: table('a', 4, 'left'), b: table('b', 1, 'right') });
    const raw = data.open({ batchSize: 5 }).next();
    const own = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
    const { batch, count } = splitBatch(labelBatch(raw as NonNullable<typeof raw>, own), 3, 1);
    expect([count, batch.size]).toEqual([3, 5]);
    expect(batch.parts.map(({ inputs }) => inputs.left?.shape[0])).toEqual([2, 1, 1]);
    expect(batch.parts.map(({ inputs, weights }) => [inputs.right?.shape[0], Array.from(weights.b ?? [])])).toEqual([
      [1, [1]],
      [1, [0]],
      [1, [0]],
    ]);
  });
});

it('asks nothing of balancings that compare no parts', () => {
  expect(() => requireParts({ stateSegments: [] }, sumOfLosses(), 1, { batchSize: 1 })).not.toThrow();
});

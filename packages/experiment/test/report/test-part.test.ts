import {
  type AnyTask,
  binary,
  classification,
  denseClassification,
  type MultiTaskDataset,
  regression,
  type Trainer,
  tableDataset,
} from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { calibrationError, measurePart } from '../../src/report/test-part.js';

const rows = 1000;
const count = Array.from({ length: rows }, (_, row) => row);
const column = (values: readonly number[], Type: typeof Float32Array | typeof Int32Array) => ({ data: Type.from(values) as Float32Array, shape: [rows] }); // biome-ignore format: one line

const dataset = tableDataset({
  inputs: { x: { data: Float32Array.from(count), shape: [rows, 1] } },
  columns: {
    size: column(count.map((row) => (row % 4 === 0 ? Number.NaN : row)), Float32Array), // biome-ignore format: one line
    kind: column(count.map((row) => (row % 5 === 0 ? -1 : row % 2)), Int32Array), // biome-ignore format: one line
    sure: column(count.map((row) => Number(row % 10 < 8)), Int32Array), // biome-ignore format: one line
  },
}) as unknown as MultiTaskDataset;

/** Adds 1 to numbers, calls everything the second class, and is sure at 0.8. */
const trainer = {
  tasks: [
    regression('size'),
    classification('kind', { classes: ['a', 'b'] }),
    binary('sure'),
    denseClassification('map', { classes: 2, positions: [2, 2] }),
  ] as readonly AnyTask[],
  predict: async ({ x }: { x: { data: Float32Array } }) => ({
    size: Array.from(x.data, (value) => value + 1),
    kind: Array.from(x.data, () => ({ label: 'b', index: 1, probability: 0.75, probabilities: [0.25, 0.75] })),
    sure: Array.from(x.data, () => ({ label: 'positive', probability: 0.8 })),
  }),
} as unknown as Trainer<readonly AnyTask[]>;

describe('measurePart', () => {
  it('counts answers for rows with labels, kind by kind', async () => {
    const { tasks, ...found } = await measurePart(trainer, dataset);
    expect(found).toEqual({ rows, of: rows });
    expect(Object.keys(tasks)).toEqual(['size', 'kind', 'sure']);
    const { size, kind, sure } = tasks;
    expect(size?.kind === 'numbers' && size.pairs.length).toBe(750);
    expect(size?.kind === 'numbers' && size.pairs.every(([label, said]) => said === label + 1)).toBe(true);
    expect(kind).toEqual({
      kind: 'classes',
      classes: ['a', 'b'],
      counts: [
        [0, 400],
        [0, 400],
      ],
      bins: [{ rows: 800, said: 0.75, found: 0.5 }],
      of: 'answer',
    });
    expect(sure).toMatchObject({ of: 'positive', bins: [{ rows, said: expect.closeTo(0.8), found: 0.8 }] });
  });

  it('looks at some of very many rows', async () => {
    const { rows: seen, of, tasks } = await measurePart(trainer, dataset, 500);
    expect([seen, of]).toEqual([500, rows]);
    // The first and the third batch of 250.
    expect(tasks.size?.kind === 'numbers' && tasks.size.pairs.some(([label]) => label > 250 && label < 499)).toBe(
      false,
    );
    expect(tasks.size?.kind === 'numbers' && tasks.size.pairs.some(([label]) => label > 500)).toBe(true);
  });
});

describe('calibrationError', () => {
  it('is the mean distance over rows', () => {
    const bins = [
      { rows: 30, said: 0.9, found: 0.8 },
      { rows: 10, said: 0.2, found: 0.6 },
    ];
    expect(calibrationError(bins)).toBeCloseTo(0.75 * 0.1 + 0.25 * 0.4);
  });
});

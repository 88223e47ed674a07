import { adviceFor } from '@polytask/analysis';
import { type AnyTask, classification, type MultiTaskDataset, regression, tableDataset } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { gradientObserver, measuredOf, readLabels } from '../../src/advise/measure-run.js';
import type { MetricsLine, RunDocument } from '../../src/run/document.js';

const rows = 40;
const count = Array.from({ length: rows }, (_, row) => row);
const tasks = [classification('kind', { classes: ['x', 'y'] }), regression('size'), regression('rare'), regression('pair', { size: 2 })] as readonly AnyTask[]; // biome-ignore format: one line
const dataset = tableDataset({
  inputs: { x: { data: Float32Array.from(count), shape: [rows, 1] } },
  columns: {
    kind: Int32Array.from(count, (row) => (row < 10 ? -1 : row % 2)),
    // Depends on `kind` alone.
    size: Float32Array.from(count, (row) => row % 2),
    rare: Float32Array.from(count, (row) => (row < 4 ? (row * 7) % 5 : Number.NaN)),
    pair: { data: new Float32Array(2 * rows), shape: [rows, 2] },
  },
}) as unknown as MultiTaskDataset;

const task = (name: string) => ({ name, type: 'regression', primaryMetric: 'rmse', better: { rmse: 'lower' } });
const result = (kind: number, size: number) => ({
  parameters: 100,
  tasks: { kind: { rmse: kind }, size: { rmse: size } },
});
const seed = (kind: number, size: number) => ({
  joint: result(kind, size),
  singleTask: { kind: result(2, 2), size: result(2, 2) },
});

const document = {
  ...seed(3, 2),
  joint: {
    ...result(3, 2),
    bestEpoch: { kind: 2, size: 9 },
    observations: {
      [gradientObserver.use]: {
        blocks: { shared: { conflictRate: [[0, 0.25], [0.25, 0]], magnitudeSimilarity: [[1, 0.125], [0.125, null]] } }, // biome-ignore format: one line
      },
    },
  },
  rows: { train: rows, validation: 8, test: 8 },
  config: { seed: 0, repeat: 4, compare: 'single-task' },
  tasks: [task('kind'), task('size')],
  // The fourth seed was stopped.
  repeats: [
    { seed: 1, ...seed(3.1, 1.9) },
    { seed: 2, ...seed(2.9, 2.2) },
    { seed: 3, joint: result(9, 9) },
  ],
} as unknown as RunDocument;

const line = (network: string, trainLoss: number, loss: number, more: object = {}) =>
  ({
    network,
    epoch: 1,
    tasks: { kind: { trainLoss, loss }, size: { trainLoss: 1, loss: 1 } },
    ...more,
  }) as unknown as MetricsLine;
const lines = [line('joint', 9, 9), line('joint', 1, 3), line('joint', 1, 50, { seed: 1 }), line('single-task', 1, 99)];

describe('measuredOf', () => {
  it('measures data, gradients, curves and verdicts, each with the tasks that it is about', async () => {
    const labels = await readLabels(tasks, dataset);
    expect(Object.keys(labels)).toEqual(['kind', 'size', 'rare']);
    expect(measuredOf(document, lines, labels)).toEqual({
      values: {
        tasks: 2,
        rows: 40,
        parameters: 100,
        // 30, 40 and 4 labels.
        parametersPerLabel: 100 / 74,
        labelledShare: 0.1,
        dependence: expect.closeTo(1),
        conflictRate: 0.25,
        magnitudeSimilarity: 0.125,
        overfitting: 3,
        bestEpochRatio: 4.5,
        hurt: 1,
        helped: 0,
        unclear: 1,
        seedsNeeded: expect.any(Number),
      },
      tasks: expect.objectContaining({
        labelledShare: ['rare'],
        dependence: ['kind', 'size'],
        conflictRate: ['kind', 'size'],
        overfitting: ['kind'],
        bestEpochRatio: ['kind', 'size'],
        hurt: ['kind'],
        unclear: ['size'],
      }),
    });
  });

  it('groups tasks by the cosines of their gradients, and says which sharing has the groups as branches', () => {
    const near = [
      [1, 0.6, -0.1, null],
      [0.6, 1, 0, -0.2],
      [-0.1, 0, 1, 0.5],
      [null, -0.2, 0.5, 1],
    ];
    const names = ['kind', 'size', 'rare', 'pair'];
    const { joint } = document;
    const observations = { [gradientObserver.use]: { blocks: { shared: { cosine: near, conflictRate: near, magnitudeSimilarity: near } } } }; // biome-ignore format: one line
    const seen = { ...document, tasks: names.map(task), joint: { ...joint, observations } } as unknown as RunDocument;
    const sharing = { use: 'hard-sharing', encoder: { use: 'mlp', units: [8, 4] } };
    const found = measuredOf(seen, lines, {}, { sharing, stages: 2 });
    expect([found.values.branches, found.tasks.branches]).toEqual([2, ['kind + size; rare + pair']]);
    const tree = {
      stages: 1,
      branches: [
        { stages: 1, branches: ['kind', 'size'] },
        { stages: 1, branches: ['rare', 'pair'] },
      ],
    };
    expect(found.changes).toEqual({
      'branch-by-cosine': { set: { sharing: { ...sharing, use: 'branched-sharing', tree } } },
    });
    const [advice] = adviceFor({ ...found, values: { ...found.values, hurt: 1 } }).filter(
      ({ name }) => name === 'branch-by-cosine',
    );
    expect(advice?.change).toEqual(found.changes?.['branch-by-cosine']);
    expect(advice?.sentence).toContain('kind + size; rare + pair');

    // What cannot branch is told nothing.
    const other = measuredOf(seen, lines, {}, { sharing: { use: 'cross-stitch' }, stages: 2 });
    expect([other.values.branches, other.changes]).toEqual([undefined, undefined]);
  });

  it('says nothing of what was not measured', () => {
    const { joint: _, singleTask: __, repeats: ___, ...begun } = document;
    expect(measuredOf(begun, [], {}).values).toEqual({ tasks: 2, rows: 40 });
  });
});

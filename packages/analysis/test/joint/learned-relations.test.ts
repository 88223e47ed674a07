import type { HostTensor, TaskRelation } from '@polytask/core';
import { expect, test } from 'vitest';
import { learnedRelations } from '../../src/joint/learned-relations.js';

const tensor = (rows: number[][]): HostTensor => ({
  data: Float32Array.from(rows.flat()),
  shape: [rows.length, rows[0]?.length ?? 0],
});
const seen = (shown: { [task: string]: number[][] }, over: TaskRelation['over'], places?: TaskRelation['places']) => {
  const tasks = Object.keys(shown);
  return learnedRelations({
    outputs: Object.fromEntries(tasks.map((task) => [task, {}])),
    features: {},
    shared: undefined,
    intermediates: Object.fromEntries(tasks.map((task) => [`it/${task}`, tensor(shown[task] as number[][])])),
    relations: [{ name: 'it', over, of: Object.fromEntries(tasks.map((task) => [task, `it/${task}`])), places }],
  }).relations.it;
};
const rounded = (matrix: readonly (readonly number[])[] = []) =>
  matrix.map((row) => row.map((value) => Math.round(value * 1e6) / 1e6));

test('overlap of shares, a mean over rows', () => {
  const shown = {
    a: [
      [1, 0, 0],
      [0.5, 0.5, 0],
    ],
    b: [
      [0.2, 0.8, 0],
      [0, 0.4, 0.6],
    ],
  };
  const relation = seen(shown, 'places');
  expect(relation?.kind).toBe('overlap');
  expect(rounded(relation?.matrix)).toEqual([
    [1, 0.3],
    [0.3, 1],
  ]);
});

test('places of a task alone are no place to meet, and rows that are not the same are not compared', () => {
  const places = { a: ['shared0', 'a/own0'], b: ['shared0', 'b/own0', 'b/own1'] };
  expect(rounded(seen({ a: [[0.7, 0.3]], b: [[0.4, 0.3, 0.3]] }, 'places', places)?.matrix)).toEqual([
    [1, 0.4],
    [0.4, 1],
  ]);
  expect(
    seen(
      {
        a: [[1, 0]],
        b: [
          [1, 0],
          [1, 0],
        ],
      },
      'places',
    )?.matrix,
  ).toEqual([
    [1, NaN],
    [NaN, 1],
  ]);
});

test('flow: row i, column j is the share of i in what j takes, whatever the sign', () => {
  const relation = seen(
    {
      a: [
        [3, -1],
        [1, -3],
      ],
      b: [
        [0, 2],
        [0, 6],
      ],
    },
    'tasks',
  );
  expect(relation?.kind).toBe('flow');
  expect(rounded(relation?.matrix)).toEqual([
    [0.5, 0],
    [0.5, 1],
  ]);
});

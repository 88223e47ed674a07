import { mlp, openScope, perTaskDatasets, regression, type StepContext, sgd, tableDataset } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { sharedPrivate } from '../src/shared-private.js';
import { dataOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([3], { activation: 'tanh' });
describe.each([
  ['a data set per task', () => sharedPrivate({ encoder, units: [3] }), { perTaskData: true }],
  [
    'the same rows',
    () => sharedPrivate({ encoder, privateEncoder: mlp([2]), adversary: 0 }),
    { claims: ['order-of-tasks'] as const },
  ],
])('%s', (_, make, options) => {
  for (const { name, run } of conformance('sharing', make, options)) test(name, run);
});

/** What terms are for features s and p of two tasks, row by row; `rowTask` says whose rows are whose. */
function termsOf(s: number[][], p: Record<string, number[][]>, rowTask?: number[]) {
  const { scope, bindings, dispose } = openScope(['a', 'b']);
  const tasks = [regression('a'), regression('b')];
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const bound = sharedPrivate({ encoder, adversary: 0 }).bind({ tasks, inputs, scope, ...bindings } as never);
  const intermediates = Object.fromEntries(
    ['a', 'b'].flatMap((task) => [
      [`shared/${task}`, tf.tensor2d(s)],
      [`private/${task}`, tf.tensor2d(p[task] as number[][])],
    ]),
  );
  const batch = rowTask === undefined ? {} : { rowTask: tf.tensor1d(rowTask, 'int32') };
  const [term] = bound.auxiliary as [NonNullable<typeof bound.auxiliary>[number]];
  const value = (term.loss({ state: { intermediates }, batch } as never) as tf.Tensor).dataSync()[0] as number;
  dispose();
  return value;
}

test('the overlap is that of centred features of length 1', () => {
  // Two rows, centred to ±: every row of one number becomes ±1, so ŜᵀP̂ = ±2, and 4 / 2².
  const same = [[1], [3]];
  expect(termsOf(same, { a: [[5], [9]], b: [[2], [-2]] })).toBeCloseTo(2, 5);
  // Orthogonal over four rows: signs ++−− against +−+−.
  const halves = [[1], [1], [-1], [-1]];
  const turns = [[1], [-1], [1], [-1]];
  expect(termsOf(halves, { a: turns, b: turns })).toBeCloseTo(0, 6);
  // Only a task's own rows count: two rows of a, three of b.
  const s = [
    [0, 1],
    [2, 1],
    [1, 5],
    [4, -1],
    [0, 2],
  ];
  const p = [
    [1, 0],
    [0, 3],
    [2, 2],
    [1, 1],
    [-1, 4],
  ];
  expect(termsOf(s, { a: p, b: p }, [0, 0, 1, 1, 1])).toBeCloseTo(
    overlap(s.slice(0, 2), p.slice(0, 2)) + overlap(s.slice(2), p.slice(2)),
    5,
  );
});

function overlap(s: number[][], p: number[][]): number {
  const unit = (rows: number[][]) => {
    const means = (rows[0] ?? []).map((_, c) => rows.reduce((sum, row) => sum + (row[c] as number), 0) / rows.length);
    return rows.map((row) => {
      const centred = row.map((value, c) => value - (means[c] as number));
      const length = Math.hypot(...centred);
      return centred.map((value) => value / length);
    });
  };
  const [a, b] = [unit(s), unit(p)];
  let total = 0;
  for (let i = 0; i < (a[0] ?? []).length; i++) {
    for (let j = 0; j < (b[0] ?? []).length; j++) {
      total += a.reduce((sum, row, n) => sum + (row[i] as number) * (b[n]?.[j] as number), 0) ** 2;
    }
  }
  return total / s.length ** 2;
}

test('a head sees shared and private features side by side', () => {
  const { scope, bindings, variable, usedBy, dispose } = openScope(['a', 'b']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const linear = mlp([2], { activation: 'linear' });
  const bound = sharedPrivate({ encoder: linear }).bind({
    tasks: [regression('a'), regression('b')],
    inputs,
    scope,
    ...bindings,
  } as never);
  const x = tf.tensor2d([[1, -2]]);
  const { features } = bound.forward({ x }, { training: false } as StepContext, {});
  const through = (path: string) => tf.matMul(x, variable(path) as unknown as tf.Tensor2D);
  const wanted = tf.concat([through('shared/dense0/kernel'), through('private/b/dense0/kernel')], 1).dataSync();
  expect(features.b?.dataSync()).toEqual(wanted);
  expect(usedBy('private/b/dense0/kernel')).toEqual(['b']);
  expect(usedBy('discriminator/logits/kernel')).toEqual([]);
  dispose();
});

test('records both terms, and needs data sets per task for an adversary', async () => {
  const options = {
    tasks: tasksOf('a', 'b'),
    sharing: sharedPrivate({ encoder }),
    optimizer: sgd({ learningRate: 0.1 }),
  };
  const { events, logged } = await trained(options, dataOf({ a: 6, b: 6 }), { epochs: 1, batchSize: 12 });
  expect(Object.keys(events[0]?.terms ?? {})).toEqual(['shared-private/adversary', 'shared-private/orthogonality']);
  expect(Object.keys(logged)).toContain('shared-private/adversary/accuracy');
  const same = tableDataset({
    inputs: { x: { data: new Float32Array(6), shape: [2, 3] } },
    columns: { a: [1, 2], b: [2, 1] },
  });
  await expect(trained(options, same, { epochs: 1 })).rejects.toThrow('or set `adversary: 0`');
});

test('tasks with inputs of their own have all of their rows', async () => {
  const set = (input: string, task: string, rows: number) =>
    tableDataset({
      inputs: { [input]: { data: new Float32Array(rows * 2).fill(0.5), shape: [rows, 2] } },
      columns: { [task]: new Float32Array(rows) },
    });
  const data = perTaskDatasets({ a: set('u', 'a', 4), b: set('v', 'b', 6) });
  const tasks = [
    regression('a', { inputs: ['u'], standardize: false }),
    regression('b', { inputs: ['v'], standardize: false }),
  ];
  const { events } = await trained({ tasks, sharing: sharedPrivate({ encoder, adversary: 0 }) }, data, {
    epochs: 1,
    batchSize: 10,
  });
  expect(events[0]?.terms['shared-private/orthogonality']).toBeGreaterThanOrEqual(0);
});

import {
  adamW,
  defineAuxiliary,
  defineGradientBalancing,
  type LabelledRows,
  mlp,
  sgd,
  type TableDataset,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { famo } from './methods/famo.js';
import { gradDrop } from './methods/grad-drop.js';
import { pcgrad } from './methods/pcgrad.js';
import { uncertaintyWeighting } from './methods/uncertainty-weighting.js';
import { expectClose, expectResumes, type RunOptions, trained, valuesOf } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b', 'c'];
const tasks = toyTasks(...names);
const missing = (rows: (row: number) => boolean) => Object.fromEntries(names.map((name) => [name, rows]));
// Four batches of four rows: all have labels in the first, none in the second and the last, b alone in the third.
const none = (row: number) => Math.floor(row / 4) % 2 === 1;
const gaps = toyTable(names, 16, { ...missing((row) => none(row) || row >= 8), b: none });
const fit = { epochs: 1, batchSize: 4, shuffle: false };

/** Predictions of b and c agree; of no other task is anything said. */
const agree = (more: { readonly asTask?: boolean; readonly weight?: number } = {}) =>
  defineAuxiliary({
    name: 'agree',
    ...more,
    bind: () => ({
      actsOn: () => ['b', 'c'],
      loss: ({ predict }) => tf.mean(tf.squaredDifference(predict('b'), predict('c'))),
    }),
  });

const balancings = [undefined, uncertaintyWeighting(), pcgrad(), gradDrop(), famo()];
const optionsWith = (balancing: RunOptions['balancing'], auxiliary = [agree()]): RunOptions => ({
  tasks,
  // Heads with statistics, decay and momentum: whatever could move a head that nobody moves.
  sharing: tinySharing(mlp([6]), mlp([4], { batchNorm: true })),
  optimizer: adamW({ learningRate: 0.01, decay: 0.1 }),
  auxiliary,
  balancing,
});

/** Values after every step, and what the last checkpoint says. */
async function stepByStep(options: RunOptions, data: TableDataset) {
  const values: Record<string, number[]>[] = [];
  let found = {} as { events: readonly { losses: object; weights: object; terms: object }[]; state: object };
  await trained(
    options,
    data,
    fit,
    ({ events, checkpoint, trainer }) => {
      expect(trainer.history?.skipped).toBe(0);
      found = { events, state: checkpoint.state };
    },
    async (trainer) => void values.push(await valuesOf(trainer)),
  );
  /** Whether any variable whose path begins so moved in a step. */
  const moved = (path: string, step: number) =>
    Object.entries(values[step] ?? {}).some(
      ([one, now]) => one.startsWith(path) && now.join() !== values[step - 1]?.[one]?.join(),
    );
  return { ...found, moved, values };
}

test.each(balancings)('a batch without labels is a step of the terms, and moves what they teach (%#)', async (one) => {
  const { events, moved, state } = await stepByStep(optionsWith(one), gaps);
  expect(events.map(({ losses }) => Object.values(losses).map(Number.isNaN))).toEqual([
    [false, false, false],
    [true, true, true],
    [true, false, true],
    [true, true, true],
  ]);
  for (const step of [1, 3]) {
    expect(Object.values(events[step]?.weights ?? {})).toEqual([0, 0, 0]);
    expect(Object.values(events[step]?.terms ?? {}).every(Number.isFinite)).toBe(true);
    expect(moved('balancing/', step)).toBe(false);
  }
  for (const step of [1, 2, 3]) {
    expect(['heads/a/', 'heads/b/', 'heads/c/', 'trunk/'].map((path) => moved(path, step))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  }
  // By range: how many updates. The trunk and what b and c have of their own had four, a one.
  const counts = (state as { counts: number[] }).counts.slice(0, 4);
  expect(counts).toEqual([4, 1, 4, 4]);
});

test.each(balancings)('a run with such steps resumes (%#)', async (balancing) => {
  await expectResumes(() => optionsWith(balancing), gaps, fit, 2);
});

test('the step is that of the gradient of the terms alone', async () => {
  // No label anywhere but in the first batch, at a rate that does nothing: what is left is the second batch.
  const data = toyTable(
    names,
    8,
    missing((row) => row >= 4),
  );
  const rate = 0.1;
  const seen: Record<string, number[]>[] = [];
  const options = { ...optionsWith(undefined, [agree({ weight: 3 })]), sharing: tinySharing(mlp([], {})) };
  const optimizer = sgd({ learningRate: rate });
  await trained({ ...options, optimizer }, data, fit, undefined, async (t) => void seen.push(await valuesOf(t)));
  const [before = {}, after = {}] = seen;
  // y_k = x · w_k + v_k, worked out by hand: the gradient of 3 · mean (y_b − y_c)² by w_b is 6 · mean (y_b − y_c) x.
  const raw = data.inputs.x;
  expect(raw?.shape).toEqual([4]);
  const x = await rowsOf(data);
  const kernel = (name: string) => before[`heads/${name}/outputs/value/kernel`] ?? [];
  const bias = (name: string) => before[`heads/${name}/outputs/value/bias`]?.[0] ?? Number.NaN;
  const said = (name: string, row: readonly number[]) =>
    row.reduce((sum, value, i) => sum + value * (kernel(name)[i] ?? Number.NaN), bias(name));
  const rows = x.slice(4);
  const apart = rows.map((row) => said('b', row) - said('c', row));
  const slope = [0, 1, 2, 3].map((i) => (6 * apart.reduce((sum, d, n) => sum + d * (rows[n]?.[i] ?? 0), 0)) / 4);
  const lean = (6 * apart.reduce((sum, d) => sum + d, 0)) / 4;
  for (const [name, sign] of [
    ['b', 1],
    ['c', -1],
    ['a', 0],
  ] as const) {
    expectClose(
      after[`heads/${name}/outputs/value/kernel`],
      kernel(name).map((w, i) => w - rate * sign * (slope[i] ?? 0)),
    );
    expectClose(after[`heads/${name}/outputs/value/bias`], [bias(name) - rate * sign * lean]);
  }
});

async function rowsOf(data: TableDataset): Promise<number[][]> {
  const cursor = data.open({ batchSize: 8, lastBatch: 'keep' });
  const raw = await cursor.next();
  const values = Array.from(raw?.inputs.x?.data ?? []);
  return Array.from({ length: 8 }, (_, row) => values.slice(4 * row, 4 * row + 4));
}

test('of a term that teaches only what all share, no head moves', async () => {
  const shared = defineAuxiliary({
    name: 'small',
    bind: () => ({ actsOn: () => [], loss: ({ state }) => tf.mean(tf.square(state.shared as tf.Tensor)) }),
  });
  const { moved } = await stepByStep(optionsWith(undefined, [shared]), gaps);
  expect(['trunk/', 'heads/'].map((path) => moved(path, 1))).toEqual([true, false]);
});

test('terms say batch by batch whether there is anything to do', async () => {
  const seen: LabelledRows[] = [];
  const term = defineAuxiliary({
    name: 'sometimes',
    bind: () => ({
      actsOn(rows) {
        seen.push(rows);
        return rows.step.step === 0 ? [] : undefined;
      },
      loss: () => tf.scalar(0),
    }),
  });
  const later = toyTable(
    names,
    16,
    missing((row) => row < 12),
  );
  await trained({ ...optionsWith(undefined, [term]) }, later, fit, ({ trainer, events }) => {
    expect(trainer.history).toMatchObject({ skipped: 2, steps: 2 });
    expect(events.map(({ batch }) => batch)).toEqual([1, 4]);
  });
  expect([...(seen[0]?.weights.a ?? [])]).toEqual([0, 0, 0, 0]);
  // A factor of 0 is as no term.
  await trained(optionsWith(undefined, [agree({ weight: 0 })]), gaps, fit, ({ trainer }) => {
    expect(trainer.history?.skipped).toBe(2);
  });
});

test('an objective that is balanced like a task is balanced alone', async () => {
  const seen: number[][] = [];
  const watching = defineGradientBalancing({
    name: 'watching',
    bind: () => ({
      weights({ tasks: present }) {
        seen.push([...present]);
        return present.map(() => 1);
      },
    }),
  });
  const { moved, events } = await stepByStep(optionsWith(watching, [agree({ asTask: true })]), gaps);
  // In the order of names.
  expect(seen).toEqual([[0, 3, 1, 2], [3], [3, 1], [3]]);
  expect(events[1]?.weights).toEqual({ a: 0, b: 0, c: 0, agree: 1 });
  expect(['heads/a/', 'heads/b/', 'heads/c/'].map((path) => moved(path, 1))).toEqual([false, true, true]);
});

test('accumulated batches without labels are one step, and that of one batch of all their rows', async () => {
  const data = toyTable(
    names,
    16,
    missing((row) => row >= 8),
  );
  const ends: Record<string, number[]>[] = [];
  for (const accumulate of [1, 2]) {
    const options = { ...optionsWith(undefined), sharing: tinySharing(mlp([6])) };
    await trained(options, data, { ...fit, batchSize: 8 / accumulate, accumulate }, ({ values, events }) => {
      expect(events.length).toBe(2);
      ends.push(values);
    });
  }
  for (const [path, values] of Object.entries(ends[0] ?? {})) expectClose(ends[1]?.[path], values, 1e-5);
});

test('a term that teaches a task that there is not is refused', async () => {
  const wrong = defineAuxiliary({ name: 'wrong', bind: () => ({ actsOn: () => ['bb'], loss: () => tf.scalar(0) }) });
  const run = trained(optionsWith(undefined, [wrong]), gaps, fit);
  await expect(run).rejects.toThrow('There is no task named `bb`');
});

test('means of an epoch are over the steps with a label for tasks, and over all for terms', async () => {
  const data = toyTable(
    names,
    8,
    missing((row) => row >= 4),
  );
  await trained(optionsWith(undefined), data, fit, ({ trainer, events }) => {
    const { history } = trainer;
    expect(history?.tasks.a?.trainLoss).toEqual([events[0]?.losses.a]);
    expect(history?.tasks.a?.weight).toEqual([1]);
    const terms = events.map(({ terms: found }) => found.agree ?? Number.NaN);
    expectClose(history?.auxiliary.agree, [((terms[0] as number) + (terms[1] as number)) / 2]);
  });
});

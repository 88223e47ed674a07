import { type AnyTask, type Batch, classification, labelBatch, regression, sgd, tableDataset } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  activeTasks,
  batchFeeds,
  feedsUnder,
  prefixed,
  taskFactor,
  tensorBatch,
} from '../../src/training/batch-feeds.js';
import { useBackend } from '../helpers/backends.js';
import { linearTask } from '../helpers/vectors.js';
import { disposer, essence, makeTable, mixedTrainer } from './fixtures.js';

const tasks: readonly AnyTask[] = [linearTask('a', 1), linearTask('b', 1)];
const batch: Batch = {
  size: 3,
  inputs: { x: { data: Float32Array.of(1, 2, 3), shape: [3, 1] } },
  targets: { a: { data: Float32Array.of(1, 2, 0), shape: [3, 1] }, b: { data: new Float32Array(3), shape: [3, 1] } },
  weights: { a: Float32Array.of(1, 3, 0), b: new Float32Array(3) },
  ids: { a: Int32Array.of(7, 8, 9), b: Int32Array.of(7, 8, 9) },
};

it('knows which tasks have a label', () => {
  expect(activeTasks(tasks, batch)).toEqual([0]);
  expect(activeTasks(tasks, { ...batch, weights: { a: new Float32Array(3), b: Float32Array.of(0, 0, 0.1) } })).toEqual([
    1,
  ]);
});

it('weighs a task: by a number, or by the share of rows that have a label', () => {
  expect(taskFactor({}, 3, 30)).toBe(1);
  expect(taskFactor({ weight: 0.5 }, 3, 30)).toBe(0.5);
  expect(taskFactor({ weight: 'labelled-share' }, 3, 30)).toBe(0.1);
});

describe('a weight', () => {
  beforeEach(() => useBackend('cpu'));
  const { keep, disposeAll } = disposer();
  afterEach(disposeAll);
  const train = makeTable(20, 'train');
  const validation = makeTable(20, 'validation');
  const fit = async (weights: { kind?: number | 'labelled-share'; level?: number | 'labelled-share' }) => {
    const made = [
      classification('kind', { classes: 3, weight: weights.kind }),
      regression('level', { weight: weights.level }),
    ];
    const trainer = keep(
      await mixedTrainer({ tasks: made as readonly AnyTask[], optimizer: sgd({ learningRate: 0.1 }) }),
    );
    const history = await trainer.fit(train, { epochs: 1, batchSize: 20, validation });
    return { history, parameters: await trainer.model() };
  };

  it('multiplies the loss of a task, and the gradient with it', async () => {
    const [plain, twice] = [await fit({}), await fit({ kind: 2 })];
    const loss = ({ history }: typeof plain) => history.tasks.kind?.trainLoss[0] as number;
    expect(loss(twice)).toBeCloseTo(2 * loss(plain), 5);
    const moved = async ({ parameters }: typeof plain) => {
      const start = keep(await mixedTrainer({ inputs: train.inputs }));
      const path = 'heads/kind/outputs/logits/bias';
      const before = await start.parameters?.read(path);
      return Array.from(parameters.variables[path]?.data as Float32Array, (x, i) => x - (before?.data[i] as number));
    };
    const [once, doubled] = [await moved(plain), await moved(twice)];
    once.forEach((step, i) => {
      expect(doubled[i]).toBeCloseTo(2 * step, 6);
    });
  });

  it('counts the same where validation losses are added up', async () => {
    const { history } = await fit({ kind: 'labelled-share', level: 3 });
    // Two of five rows have no kind.
    expect(history.validationWeights).toEqual({ kind: 12 / 20, level: 3 });
  });
});

describe('feeds', () => {
  it("have every row's share of its task's loss, 0 where there is none", () => {
    const feeds = batchFeeds(tasks, batch, false);
    expect(Object.keys(feeds).sort()).toEqual(['input/x', 'share/a', 'share/b', 'target/a', 'target/b']);
    expect(feeds['share/a']).toEqual({ data: Float32Array.of(0.25, 0.75, 0), shape: [3] });
    expect(feeds['share/b']?.data).toEqual(new Float32Array(3));
  });

  it("have the task's weight in them; labelled-share counts rows, not weights", () => {
    const of = (weight: number | 'labelled-share') =>
      batchFeeds([{ ...tasks[0], weight } as AnyTask, tasks[1] as AnyTask], batch, false);
    expect(of(4)['share/a']?.data).toEqual(Float32Array.of(1, 3, 0));
    expect(of('labelled-share')['share/a']?.data).toEqual(Float32Array.of(0.25 * (2 / 3), 0.75 * (2 / 3), 0));
    expect(of('labelled-share')['share/b']?.data).toEqual(new Float32Array(3));
  });

  it('have weights, ids and sources of rows where they are wanted', () => {
    const feeds = batchFeeds(tasks, { ...batch, rowTask: Int32Array.of(0, 0, 1) }, true);
    expect(feeds['weight/a']?.data).toEqual(Float32Array.of(1, 3, 0));
    expect(feeds['id/b']?.data).toEqual(Int32Array.of(7, 8, 9));
    expect(feeds['row-task']).toEqual({ data: Int32Array.of(0, 0, 1), shape: [3] });
    expect(batchFeeds(tasks, batch, true)).not.toHaveProperty('row-task');
  });

  it.each([
    ['no weights', { weights: { a: Float32Array.of(1, 1, 1) } }],
    ['no target', { targets: { a: batch.targets.a } }],
    ['fewer weights than rows', { weights: { ...batch.weights, b: new Float32Array(2) } }],
  ])('are refused for a task with %s', (_, changed) => {
    expect(() => batchFeeds(tasks, { ...batch, ...changed } as Batch, false)).toThrow(
      /weights of task `b` must have shape/,
    );
  });

  it('are found again under their prefix', () => {
    const [one, two] = [{} as tf.Tensor, {} as tf.Tensor];
    expect(feedsUnder('input', { 'input/x': one, 'inputs/y': two, input: two, 'input/a/b': two })).toEqual({
      x: one,
      'a/b': two,
    });
    expect(feedsUnder('input', { ...prefixed('input', { x: one }), ...prefixed('share', { x: two }) })).toEqual({
      x: one,
    });
    const all = Object.fromEntries(Object.keys(batchFeeds(tasks, batch, true)).map((name) => [name, one]));
    expect(tensorBatch(all)).toEqual({
      inputs: { x: one },
      targets: { a: one, b: one },
      weights: { a: one, b: one },
      ids: { a: one, b: one },
    });
  });
});

describe('weights that are whole numbers act as repetition of rows', () => {
  const { keep, disposeAll } = disposer();
  beforeEach(() => useBackend('cpu'));
  afterEach(disposeAll);
  const weights = [1, 3, 0, 2, 2];
  const repeated = weights.flatMap((weight, row) => new Array<number>(weight).fill(row));
  const source = makeTable(5, 'weights', false);
  const columns = (rows: readonly number[]) => {
    const { inputs, columns: labels } = source.gather(rows);
    return { inputs: { x: inputs.x as never }, columns: { kind: labels.kind as never, level: labels.level as never } };
  };

  /** Two steps on the whole data, with momentum; numbers are such that sums are exact. */
  async function trained(dataset: ReturnType<typeof tableDataset>, options: Parameters<typeof mixedTrainer>[0] = {}) {
    const trainer = keep(await mixedTrainer(options));
    await trainer.fit(dataset, { epochs: 2, batchSize: 100, shuffle: false });
    return essence(trainer);
  }

  it('as sample weights', async () => {
    const weighted = await trained(tableDataset({ ...columns([0, 1, 2, 3, 4]), sampleWeights: weights }));
    const plain = await trained(tableDataset(columns(repeated)));
    for (const [name, { data }] of Object.entries(plain.tensors)) {
      data.forEach((value, i) => {
        expect(weighted.tensors[name]?.data[i], name).toBeCloseTo(value, 6);
      });
    }
    expect(weighted.state.constants).toEqual({
      kind: {},
      level: {
        mean: expect.closeTo((plain.state.constants as { level: { mean: number } }).level.mean, 4),
        standardDeviation: expect.any(Number),
      },
    });
  });

  it('exactly, in the gradient of a task whose sums are exact', async () => {
    const targets = [
      [1, 2],
      [-4, 8],
      [16, 1],
      [2, -2],
      [0.5, 4],
    ];
    const dataset = (rows: number[], sampleWeights?: number[]) =>
      tableDataset({
        inputs: { x: { data: new Float32Array(rows.length).fill(1), shape: [rows.length, 1] } },
        columns: {
          a: { data: Float32Array.from(rows.flatMap((row) => targets[row] as number[])), shape: [rows.length, 2] },
        },
        ...(sampleWeights === undefined ? {} : { sampleWeights }),
      });
    const task = linearTask('a', 2);
    // Eight rows in all: every share is a power of two.
    const batchOf = (data: ReturnType<typeof dataset>) =>
      labelBatch(data.gather(Array.from({ length: data.size }, (_, i) => i)), [task]);
    const gradient = (one: Batch) =>
      tf.tidy(() => {
        const feeds = batchFeeds([task], one, false);
        const tensor = (name: string) => tf.tensor(feeds[name]?.data as Float32Array, [...(feeds[name]?.shape ?? [])]);
        const loss = (v: tf.Tensor) =>
          tf.sum(
            tf.mul(
              task.loss({ value: tf.mul(tensor('input/x'), tf.expandDims(v, 0)) }, tensor('target/a'), {}),
              tensor('share/a'),
            ),
          );
        return Array.from(
          tf
            .grad(loss)(tf.tensor1d([0.3, -0.7]))
            .dataSync(),
        );
      });
    const weighted = gradient(batchOf(dataset([0, 1, 2, 3, 4], weights)));
    expect(weighted).toEqual(gradient(batchOf(dataset(repeated))));
    expect(weighted).toEqual([-6 / 8, 30 / 8]);
  });

  it('as class weights', async () => {
    const kinds = (source.gather([0, 1, 2, 3, 4]).columns.kind as { data: Int32Array }).data;
    const byClass = [1, 2, 4];
    const rows = Array.from(kinds).flatMap((kind, row) => new Array<number>(byClass[kind] as number).fill(row));
    const withWeights = { tasks: [classification('kind', { classes: 3, classWeights: byClass })] };
    const without = { tasks: [classification('kind', { classes: 3 })] };
    const weighted = await trained(tableDataset(columns([0, 1, 2, 3, 4])), withWeights);
    const plain = await trained(tableDataset(columns(rows)), without);
    plain.tensors.parameters?.data.forEach((value, i) => {
      expect(weighted.tensors.parameters?.data[i]).toBeCloseTo(value, 6);
    });
  });
});

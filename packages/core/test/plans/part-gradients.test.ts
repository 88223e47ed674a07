import {
  type AnyTask,
  createTrainer,
  defineAuxiliary,
  defineGradientBalancing,
  defineSharing,
  type FitOptions,
  type GradientBalancing,
  type GramianInput,
  type MultiTaskDataset,
  mlp,
  perTaskDatasets,
  regression,
  type StepEvent,
  sgd,
  type TrainerOptions,
  tableDataset,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { linearTask, noise, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { leavingNoTensor, makeTable, mixedTasks } from '../training/fixtures.js';

const keep = leavingNoTensor();

/** A method whose weights depend on all that it sees of the parts; every call is noted. */
const looking = (seen: GramianInput[], options: Partial<GradientBalancing> = {}) =>
  defineGradientBalancing({
    name: 'looking',
    scale: 'paper',
    parts: 3,
    ...options,
    bind: () => ({
      weights(input) {
        seen.push(input);
        return (input.parts ?? []).map((own) => 1 / (1 + own.reduce((sum, product) => sum + Math.abs(product), 0)));
      },
    }),
  });

interface Course {
  readonly seen: readonly GramianInput[];
  readonly events: readonly StepEvent[];
  readonly values: Readonly<Record<string, readonly number[]>>;
}

async function course(
  options: Partial<GradientBalancing>,
  data: MultiTaskDataset,
  fit: Partial<FitOptions>,
  more: Partial<TrainerOptions<readonly AnyTask[]>> & Pick<TrainerOptions<readonly AnyTask[]>, 'tasks' | 'sharing'>,
): Promise<Course> {
  const seen: GramianInput[] = [];
  const trainer = keep(
    await createTrainer({
      balancing: looking(seen, options),
      optimizer: sgd({ learningRate: 0.1 }),
      executor: strict(),
      seed: 1,
      ...more,
    }),
  );
  const events: StepEvent[] = [];
  const callbacks = [{ stepEnd: (event: StepEvent) => void events.push(event) }];
  await trainer.fit(data, { epochs: 1, shuffle: false, ...fit, callbacks });
  const { segments = [] } = trainer.parameters?.layout ?? {};
  const read = async (path: string) => Array.from((await trainer.parameters?.read(path))?.data ?? []);
  const values = await Promise.all(segments.map(async ({ path }) => [path, await read(path)] as const));
  return { seen, events, values: Object.fromEntries(values) };
}

type Rows = readonly (readonly number[] | null)[];

/** The Gramian of the means of every `count`-th of some rows, of their columns from one to another; parts without rows are left out. */
function gramianOfMeans(rows: Rows, count: number, from: number, to: number): number[] {
  const parts = Array.from({ length: count }, (_, part) =>
    rows.filter((row, i): row is readonly number[] => row !== null && i % count === part),
  ).filter((part) => part.length > 0);
  const means = parts.map((part) =>
    Array.from(
      { length: to - from },
      (_, c) => part.reduce((sum, row) => sum + (row[from + c] as number), 0) / part.length,
    ),
  );
  return means.flatMap((a) => means.map((b) => a.reduce((sum, value, c) => sum + value * (b[c] as number), 0)));
}

const list = (length: number, width: number, key: string, missing: (row: number) => boolean = () => false): Rows =>
  Array.from({ length }, (_, row) => (missing(row) ? null : noise(width, `${key} ${row}`)));

/** Rows of the gradients of what is shared [4] and of what is the task's own [1]; `b` has no label in the second of three parts. */
const targets = {
  a: list(7, 5, 'a'),
  b: list(7, 5, 'b', (row) => row % 3 === 1 || row === 2),
  c: list(7, 5, 'c', (row) => row > 0),
};
const tasks: readonly AnyTask[] = ['a', 'b', 'c'].map((name) => linearTask(name, 5));
const everyone = ['a', 'b', 'c'];
const sharing = vectorSharing({
  first: { size: 3, usedBy: everyone },
  second: { size: 1, usedBy: everyone },
  a: { size: 1, usedBy: ['a'] },
  b: { size: 1, usedBy: ['b'] },
  c: { size: 1, usedBy: ['c'] },
});
const model = { tasks, sharing };
const whole = { batchSize: 7 };

function expectParts(input: GramianInput | undefined, expected: readonly (readonly number[])[]): void {
  expect(input?.parts?.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  input?.parts?.forEach((own, i) => {
    expectNear(own, expected[i] ?? []);
  });
}

function expectNear(found: ArrayLike<number> | undefined, expected: ArrayLike<number>): void {
  expect(found).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) expect(found?.[i]).toBeCloseTo(expected[i] as number, 5);
}

function expectSame(found: Course, expected: Course): void {
  expect(found.events).toHaveLength(expected.events.length);
  found.seen.forEach((input, n) => {
    const other = expected.seen[n] as GramianInput;
    expect(input.tasks).toEqual(other.tasks);
    expectParts(
      input,
      (other.parts ?? []).map((own) => [...own]),
    );
    expectNear(input.gramian, other.gramian);
  });
  for (const [path, values] of Object.entries(expected.values)) expectNear(found.values[path], values);
}

describe('a method that asks for parts', () => {
  it('sees of each task the Gramian of the mean gradients of parts that have a label of it', async () => {
    const { seen, events } = await course({}, rowsDataset(targets), whole, model);
    expect(seen).toHaveLength(1);
    const expected = Object.values(targets).map((rows) => gramianOfMeans(rows, 3, 0, 4));
    expect(expected.map(({ length }) => length)).toEqual([9, 4, 1]);
    expectParts(seen[0], expected);
    // What it sees besides, and what the step is made of, is that of the whole batch.
    const alone = Object.values(targets).map((rows) => gramianOfMeans(rows, 1, 0, 4)[0] as number);
    expectNear(
      alone.map((_, k) => seen[0]?.gramian[4 * k] as number),
      alone,
    );
    expect(Object.values(events[0]?.losses ?? {}).every(Number.isFinite)).toBe(true);
  });

  it('moves the model along the gradients of the whole batch', async () => {
    const weights = () => [2, 3, 4];
    const fixed = (parts: number) =>
      defineGradientBalancing({ name: 'fixed', scale: 'paper', parts, bind: () => ({ weights }) });
    const moved = async (parts: number) =>
      (await course({}, rowsDataset(targets), whole, { ...model, balancing: fixed(parts) })).values;
    const [one, three] = [await moved(1), await moved(3)];
    for (const [path, values] of Object.entries(one)) expectNear(three[path], values);
  });

  it('sees those of every layer, or of the last, by itself', async () => {
    const { seen } = await course({ gradientsOf: 'layers' }, rowsDataset(targets), whole, model);
    expect(seen.map(({ block }) => block)).toEqual(['first', 'second']);
    [
      [0, 3],
      [3, 4],
    ].forEach(([from = 0, to = 0], n) => {
      expectParts(
        seen[n],
        Object.values(targets).map((rows) => gramianOfMeans(rows, 3, from, to)),
      );
    });
    const last = await course({ gradientsOf: 'last-shared-layer' }, rowsDataset(targets), whole, model);
    expectParts(last.seen[0], seen[1]?.parts?.map((own) => [...own]) ?? []);
  });

  it('sees orthogonal gradients of the representation, each a mean over its part', async () => {
    const represented = defineSharing({
      name: 'represented',
      bind({ scope }) {
        const below = scope.child('below').variable('vector', [5], () => Float32Array.of(1, 2, 3, 4, 5));
        return {
          forward({ x }) {
            const shared = tf.mul(x as tf.Tensor, tf.expandDims(below, 0));
            const outputs = Object.fromEntries(everyone.map((name) => [name, { value: shared }]));
            return { outputs, features: {}, shared, intermediates: {} };
          },
        };
      },
    });
    const { seen } = await course({ gradientsOf: 'representation' }, rowsDataset(targets), whole, {
      tasks,
      sharing: represented,
    });
    // The gradient of a row's loss by its row of the representation is its target, and of the mean a share of it.
    const expected = Object.values(targets).map((rows) => {
      const squares = [0, 1, 2].flatMap((part) => {
        const own = (rows as Rows).filter((row, i): row is readonly number[] => row !== null && i % 3 === part);
        return own.length === 0 ? [] : [own.flat().reduce((sum, value) => sum + value * value, 0) / own.length ** 2];
      });
      return squares.flatMap((square, i) => squares.map((_, j) => (i === j ? square : 0)));
    });
    expectParts(seen[0], expected);
  });

  it('sees no task that is absent, and fewer parts in a batch of fewer rows', async () => {
    const data = rowsDataset({ ...targets, c: list(7, 5, 'c', (row) => row > 4) });
    const { seen } = await course({ parts: 4 }, data, { batchSize: 5 }, model);
    expect(seen.map((input) => input.tasks)).toEqual([
      [0, 1, 2],
      [0, 1],
    ]);
    // Rows 5 and 6 are the second batch.
    expectParts(
      seen[1],
      [targets.a, targets.b].map((rows) => gramianOfMeans(rows.slice(5), 2, 0, 4)),
    );
  });

  it('sees the same of one task, and of one part what it sees of the whole', async () => {
    const single = { tasks: tasks.slice(0, 1), sharing: tinySharing(mlp([3])) };
    const x = { data: Float32Array.from(noise(14, 'x')), shape: [7, 2] };
    const data = tableDataset({ inputs: { x }, columns: { a: noise(7, 'labels') } });
    const of = { ...single, tasks: [regression('a')] };
    const { seen } = await course({ parts: 2 }, data, { batchSize: 3 }, of);
    expect(seen.map(({ parts }) => parts?.map(({ length }) => length))).toEqual([[4], [4], [1]]);
    // The last batch is a single row, and so is its only part.
    expect(seen[2]?.parts?.[0]?.[0]).toBeCloseTo(seen[2]?.gramian[0] as number, 5);
  });

  it('may hold its weights for some steps', async () => {
    const { seen, events } = await course({ updateEvery: 2 }, rowsDataset(targets), { batchSize: 3, epochs: 1 }, model);
    expect(events.map(({ weights }) => weights.a)).toHaveLength(3);
    // In the second batch every task has been weighed that is there.
    expect(seen.map(({ step }) => step.step)).toEqual([0, 2]);
  });
});

describe('labels', () => {
  it('count by their weights, and by their share of the rows where the task says so', async () => {
    const labels = [1, Number.NaN, 2, 3, 4, Number.NaN, 5];
    const sampleWeights = { a: Float32Array.of(1, 1, 3, 1, 2, 1, 1) };
    const x = { data: new Float32Array(7).fill(1), shape: [7, 1] };
    const data = tableDataset({ inputs: { x }, columns: { a: labels, b: labels }, sampleWeights });
    const task = (name: string, weight: number | 'labelled-share') => ({
      ...linearTask(name, 1),
      target: { shape: [], dtype: 'float32' as const },
      loss: ({ value }: { readonly [output: string]: tf.Tensor }, target: tf.Tensor) =>
        tf.mul(tf.reshape(value as tf.Tensor, [-1]), target) as tf.Tensor1D,
      weight,
    });
    const both = [task('a', 2), task('b', 'labelled-share')] as unknown as readonly AnyTask[];
    const shared = vectorSharing({ one: { size: 1, usedBy: ['a', 'b'] } });
    const { seen } = await course({ parts: 2 }, data, whole, { tasks: both, sharing: shared });
    // Part 0 has rows 0, 2, 4, 6, all with a label; part 1 has rows 1, 3, 5, one of them with a label.
    const a = [(2 * (1 + 3 * 2 + 2 * 4 + 5)) / 7, 2 * 3];
    const b = [(1 + 2 + 4 + 5) / 4, 3 / 3];
    expectParts(
      seen[0],
      [a, b].map((own) => own.flatMap((one) => own.map((other) => one * other))),
    );
  });

  it('are no matter to an auxiliary objective that is balanced like a task', async () => {
    const mean = defineAuxiliary({
      name: 'mean',
      weight: 0.5,
      asTask: true,
      bind: () => ({
        loss: ({ state }) => tf.mean(state.outputs.a?.value as tf.Tensor),
      }),
    });
    const inputs = { x: { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7), shape: [7, 1] } };
    const columns = Object.fromEntries(
      everyone.map((name) => [name, { data: new Float32Array(35).fill(1), shape: [7, 5] }]),
    );
    const { seen } = await course({}, tableDataset({ inputs, columns }), whole, { ...model, auxiliary: [mean] });
    // The mean over rows and five outputs, half of it: of every shared parameter the same, by the mean input of a part.
    const means = [(1 + 4 + 7) / 3, (2 + 5) / 2, (3 + 6) / 2].map((x) => (0.5 * x) / 5);
    expect(seen[0]?.tasks).toEqual([0, 1, 2, 3]);
    expectParts({ ...(seen[0] as GramianInput), parts: [seen[0]?.parts?.[3] as Float64Array] }, [
      means.flatMap((one) => means.map((other) => 4 * one * other)),
    ]);
  });
});

describe('batches that are accumulated', () => {
  it.each([
    ['of two rows and more', { batchSize: 4, accumulate: 2 }, 3],
    ['of fewer rows than there are parts', { batchSize: 2, accumulate: 4 }, 5],
  ])('%s are divided as one batch of them all', async (_, fit, parts) => {
    const data = rowsDataset(targets);
    const network = { tasks, sharing: vectorSharing({ all: { size: 5, usedBy: everyone } }) };
    for (const one of [model, network]) {
      expectSame(
        await course({ parts }, data, { ...fit, epochs: 2 }, one),
        await course({ parts }, data, { ...whole, epochs: 2 }, one),
      );
    }
  });

  it('the same on a representation', async () => {
    const table = makeTable(10, 'accumulated');
    const network = {
      tasks: mixedTasks() as readonly AnyTask[],
      sharing: tinySharing(mlp([4], { activation: 'tanh' })),
    };
    const options = { parts: 3, gradientsOf: 'representation' } as const;
    const parts = await course(options, table, { batchSize: 4, accumulate: 3 }, network);
    expectSame(parts, await course(options, table, { batchSize: 10 }, network));
  });
});

describe('data sets per task', () => {
  const source = (name: string, rows: number, input = 'x') => {
    const inputs = { [input]: { data: Float32Array.from(noise(2 * rows, `${name} x`)), shape: [rows, 2] } };
    return tableDataset({ inputs, columns: { [name]: noise(rows, `${name} y`) } });
  };
  const pair = (inputs: readonly string[] = []) =>
    ['a', 'b'].map((name, i) =>
      regression(name, { standardize: false, ...(inputs[i] && { inputs: [inputs[i]] }) }),
    ) as readonly AnyTask[];

  it('of the same inputs have rows in all parts', async () => {
    const data = perTaskDatasets({ a: source('a', 6), b: source('b', 6) });
    const { seen } = await course({}, data, { batchSize: 12 }, { tasks: pair(), sharing: tinySharing(mlp([3])) });
    expect(seen[0]?.parts?.map(({ length }) => length)).toEqual([9, 9]);
  });

  it('of inputs of their own are divided each, the smaller one as far as it goes', async () => {
    const data = perTaskDatasets({ a: source('a', 6, 'left'), b: source('b', 2, 'right') });
    const sharing = defineSharing({
      name: 'two-inputs',
      bind({ scope }) {
        const both = scope.child('both').variable('kernel', [2, 1], () => Float32Array.of(0.5, -1));
        return {
          forward({ left, right }) {
            const of = (x: tf.Tensor | undefined) => ({ value: tf.matMul(x as tf.Tensor2D, both as tf.Tensor2D) });
            const outputs = { a: of(left), b: of(right) };
            return { outputs, features: { a: outputs.a.value, b: outputs.b.value }, intermediates: {} };
          },
        };
      },
    });
    const valued = (name: string) => ({
      ...linearTask(name, 1),
      inputs: [name === 'a' ? 'left' : 'right'],
      target: { shape: [], dtype: 'float32' as const },
      loss: ({ value }: { readonly [output: string]: tf.Tensor }, target: tf.Tensor) =>
        tf.mul(tf.reshape(value as tf.Tensor, [-1]), target) as tf.Tensor1D,
    });
    const two = ['a', 'b'].map(valued) as unknown as readonly AnyTask[];
    const { seen } = await course({}, data, { batchSize: 8 }, { tasks: two, sharing });
    const gradients = (name: string, rows: number) => {
      const [x, y] = [noise(2 * rows, `${name} x`), noise(rows, `${name} y`)];
      return y.map((label, row) => [0, 1].map((c) => label * (x[2 * row + c] as number)));
    };
    expectParts(seen[0], [gramianOfMeans(gradients('a', 6), 3, 0, 2), gramianOfMeans(gradients('b', 2), 3, 0, 2)]);
  });
});

describe('where a layer normalises over rows', () => {
  const normal = { tasks: mixedTasks() as readonly AnyTask[], sharing: tinySharing(mlp([4], { batchNorm: true })) };
  const table = (rows: number) => makeTable(rows, 'rows', false);

  it('every part has two rows at least', async () => {
    const { seen } = await course({}, table(11), { batchSize: 8 }, normal);
    expect(seen.map(({ parts }) => parts?.map(({ length }) => Math.sqrt(length)))).toEqual([
      [3, 3],
      [1, 1],
    ]);
  });

  it('more parts than pairs of rows are refused before the first step', async () => {
    const found = await course({}, table(11), { batchSize: 5 }, normal).catch((error: unknown) => error);
    expect(found).toMatchObject({ code: 'POLYTASK_INVALID_OPTION', option: 'parts' });
    expect((found as Error).message).toBe(
      'Option `parts` must be at most 2 with 5 rows in a batch, of which batch normalisation needs two in every part, but is 3. ' +
        'Take fewer parts, or more rows (`batchSize`).',
    );
  });
});

it.each([
  ['than a batch has', { batchSize: 2 }, 2],
  ['than there are', { batchSize: 32 }, 7],
] as const)('refuses more parts than rows %s', async (_, fit, rows) => {
  const found = course({ parts: 8 }, rowsDataset(targets), fit, model);
  await expect(found).rejects.toThrow(
    `Option \`parts\` must be at most ${rows} with ${rows} rows in a batch, but is 8.`,
  );
});

it('says what a description must not be', async () => {
  for (const parts of [0, 1.5]) {
    expect(() => looking([], { parts })).toThrow(/`parts` must be a whole number from 1/);
  }
  const aggregating = defineGradientBalancing({
    name: 'aggregating',
    parts: 2,
    bind: () => ({ aggregate: ({ jacobian }) => ({ direction: tf.sum(jacobian, 0) }) }),
  });
  const found = course({}, rowsDataset(targets), whole, { ...model, balancing: aggregating });
  await expect(found).rejects.toMatchObject({ code: 'POLYTASK_BALANCING_SHAPE' });
});

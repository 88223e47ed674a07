import {
  type AnyTask,
  type BoundGradientBalancing,
  defineAuxiliary,
  defineGradientBalancing,
  defineSharing,
  type GradientBalancing,
  type GramianInput,
  type SharingStrategy,
  type StepEvent,
  sgd,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { linearTask, readAll, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { essence, leavingNoTensor, makeTable, mixedTrainer, noting, restlessSharing } from '../training/fixtures.js';

const keep = leavingNoTensor();

const three: readonly AnyTask[] = [linearTask('a', 5), linearTask('b', 5), linearTask('c', 4)];
/** Two layers of all tasks, one of two of them, heads. */
const layered = vectorSharing({
  first: { size: 2, usedBy: ['a', 'b', 'c'] },
  second: { size: 1, usedBy: ['a', 'b', 'c'] },
  partly: { size: 1, usedBy: ['a', 'b'] },
  a: { size: 1, usedBy: ['a'] },
  b: { size: 1, usedBy: ['b'] },
  c: { size: 1, usedBy: ['c'] },
});
const data = { a: [[1, 2, 3, 4, 5]], b: [[0, 1, 0, 1, 2]], c: [[3, 0, -1, 7]] };

async function oneStep(
  balancing: GradientBalancing,
  options: Partial<Parameters<typeof mixedTrainer>[0]> = {},
  targets: Parameters<typeof rowsDataset>[0] = data,
) {
  const inputs = { x: { shape: [1], dtype: 'float32' as const } };
  const trainer = keep(
    await mixedTrainer({
      tasks: three,
      sharing: layered,
      balancing,
      inputs,
      optimizer: sgd({ learningRate: 1 }),
      ...options,
    }),
  );
  const start = await readAll(trainer);
  const events: StepEvent[] = [];
  const rows = Object.values(targets)[0]?.length ?? 1;
  await trainer.fit(rowsDataset(targets), {
    epochs: 1,
    batchSize: rows,
    shuffle: false,
    callbacks: [{ stepEnd: (event) => void events.push(event) }],
  });
  const end = await readAll(trainer);
  const moved = Object.fromEntries(
    Object.entries(end).map(([path, values]) => [
      path.replace('/vector', ''),
      Array.from(values, (value, i) => Math.round(((start[path]?.[i] as number) - value) * 1e4) / 1e4 + 0),
    ]),
  );
  return { moved, weights: Object.values((events[0] as StepEvent).weights) };
}

const by = (weights: NonNullable<BoundGradientBalancing['weights']>, options: Partial<GradientBalancing> = {}) =>
  defineGradientBalancing({ name: 'test-balancing', scale: 'paper', ...options, bind: () => ({ weights }) });

describe('weights', () => {
  it('are worked out from the Gramian of what is shared', async () => {
    const seen: GramianInput[] = [];
    const { moved, weights } = await oneStep(by((input) => noting(seen, input, [1, 10, 100])));
    expect(seen).toEqual([
      {
        gramian: Float64Array.of(30, 6, 0, 6, 2, 0, 0, 0, 10),
        tasks: [0, 1, 2],
        losses: expect.any(Float64Array),
        block: 'shared',
        step: { step: 0, epoch: 0, totalSteps: 1, totalEpochs: 1, stepsPerEpoch: 1 },
      },
    ]);
    expect(weights).toEqual([1, 10, 100]);
    expect(moved).toEqual({ first: [301, 12], second: [-97], partly: [14], a: [5], b: [2], c: [7] });
  });

  it('are rescaled to the number of tasks, unless the scale is as published', async () => {
    const { moved, weights } = await oneStep(by(() => [1, 2, 3], { scale: 'tasks' }));
    expect(weights).toEqual([0.5, 1, 1.5]);
    expect(moved.first).toEqual([5, 2]);
    expect(
      (await oneStep(defineGradientBalancing({ name: 'x', bind: () => ({ weights: () => [1, 2, 3] }) }))).weights,
    ).toEqual([0.5, 1, 1.5]);
    expect((await oneStep(by(() => [-1, 0, 1], { scale: 'tasks' }))).weights).toEqual([-1, 0, 1]);
    expect((await oneStep(by(() => [0, 0, 0], { scale: 'tasks' }))).weights).toEqual([0, 0, 0]);
    expect((await oneStep(by(() => [-1, -2, 0], { scale: 'tasks' }))).weights).toEqual([-1, -2, 0]);
  });

  it('are those of the tasks that are there', async () => {
    const seen: GramianInput[] = [];
    const weigh = by((input) => noting(seen, input, [2, 5]));
    const { moved, weights } = await oneStep(weigh, {}, { ...data, b: [null] });
    expect(seen[0]).toMatchObject({ gramian: Float64Array.of(30, 0, 0, 10), tasks: [0, 2] });
    expect([weights, seen[0]?.losses.length]).toEqual([[2, 0, 5], 2]);
    expect(moved).toEqual({ first: [17, 4], second: [1], partly: [8], a: [5], b: [0], c: [7] });
  });

  it('also weigh the heads where the method says so', async () => {
    const { moved } = await oneStep(by(() => [1, 10, 100], { headGradients: 'weighted' }));
    expect(moved).toMatchObject({ first: [301, 12], a: [5], b: [20], c: [700] });
  });

  it('are added to by auxiliary terms, after balancing', async () => {
    const auxiliary = defineAuxiliary({
      name: 'pull',
      weight: 0.5,
      bind: ({ layout }) => ({
        loss: () => tf.addN(layout.segments.map(({ variable }) => tf.sum(variable))) as tf.Scalar,
      }),
    });
    const { moved } = await oneStep(
      by(() => [1, 10, 100]),
      { auxiliary: [auxiliary] },
    );
    expect(moved).toEqual({ first: [301.5, 12.5], second: [-96.5], partly: [14.5], a: [5.5], b: [2.5], c: [7.5] });
  });

  it('of a single task are of all that it uses', async () => {
    const seen: GramianInput[] = [];
    const tasks = [linearTask('a', 2)];
    const sharing = vectorSharing({ trunk: { size: 1, usedBy: ['a'] }, head: { size: 1, usedBy: ['a'] } });
    const { moved } = await oneStep(
      by((input) => noting(seen, input, [3])),
      { tasks, sharing },
      { a: [[1, 2]] },
    );
    expect(seen[0]).toMatchObject({ gramian: Float64Array.of(5), tasks: [0] });
    expect(moved).toEqual({ trunk: [3], head: [6] });
  });

  it('may be remembered by the instance', async () => {
    const balancing = defineGradientBalancing({
      name: 'remembering',
      scale: 'paper',
      bind: () =>
        ({
          factor: 4,
          weights(this: { factor: number }) {
            return [this.factor, 0, 0];
          },
        }) as BoundGradientBalancing,
    });
    expect((await oneStep(balancing)).weights).toEqual([4, 0, 0]);
  });
});

describe('gradients of', () => {
  it('layers: weights for each and the tasks that use it, which the history averages', async () => {
    const seen: Record<string, number[]> = {};
    const byLayer: Record<string, number[]> = { first: [1, 0, 0], second: [0, 1, 0], partly: [0, 10] };
    const balancing = by(
      ({ block, gramian }) => {
        seen[block] = Array.from(gramian);
        return byLayer[block] as number[];
      },
      { gradientsOf: 'layers' },
    );
    const { moved, weights } = await oneStep(balancing);
    expect(seen).toEqual({
      first: [5, 2, 3, 2, 1, 0, 3, 0, 9],
      second: [9, 0, -3, 0, 0, 0, -3, 0, 1],
      partly: [16, 4, 4, 1],
    });
    expect(moved).toEqual({ first: [1, 2], second: [0], partly: [10], a: [5], b: [2], c: [7] });
    expect(weights).toEqual([1 / 3, 11 / 3, 0]);
  });

  it('the last shared layer: weights for everything', async () => {
    const seen: [string, number[]][] = [];
    const balancing = by(({ block, gramian }) => noting(seen, [block, Array.from(gramian)], [1, 10, 100]), {
      gradientsOf: 'last-shared-layer',
    });
    const { moved } = await oneStep(balancing);
    expect(seen).toEqual([['second', [9, 0, -3, 0, 0, 0, -3, 0, 1]]]);
    expect(moved).toMatchObject({ first: [301, 12], second: [-97], partly: [14] });
  });

  /** A representation `x · v + w` with a variable beside it that does not lie below. */
  const represented: SharingStrategy = defineSharing({
    name: 'represented',
    bind({ tasks, scope }) {
      const below = scope.child('below').variable('vector', [2], () => Float32Array.of(1, 2));
      const beside = scope.child('beside').variable('vector', [1], () => Float32Array.of(1));
      const own = scope.child('own', { usedBy: ['a'] }).variable('vector', [1], () => Float32Array.of(3));
      return {
        forward({ x }) {
          const shared = tf.mul(x as tf.Tensor, tf.expandDims(below, 0));
          const rest = (name: string) =>
            tf.mul(x as tf.Tensor, name === 'a' ? tf.concat([beside, own] as tf.Tensor1D[]) : beside);
          const outputs = Object.fromEntries(
            tasks.map(({ name }) => [name, { value: tf.concat([shared, rest(name)] as tf.Tensor2D[], 1) }]),
          );
          return { outputs, features: {}, shared, intermediates: {} };
        },
      };
    },
  });
  const pair: readonly AnyTask[] = [linearTask('a', 4), linearTask('b', 3)];
  const rows = {
    a: [
      [2, 4, 6, 8],
      [0, 2, 0, 2],
    ],
    b: [
      [2, 0, 4],
      [4, -2, 0],
    ],
  };

  it('the representation: not summed over the batch, one weighted backward pass', async () => {
    const seen: GramianInput[] = [];
    const options = { tasks: pair, sharing: represented };
    const { moved, weights } = await oneStep(
      by((input) => noting(seen, input, [1, 10]), { gradientsOf: 'representation' }),
      options,
      rows,
    );
    // Rows of the gradients, halved by the mean: a [1 2 | 0 1], b [1 0 | 2 -1].
    expect(seen[0]).toMatchObject({ block: 'representation', gramian: Float64Array.of(6, 0, 0, 6) });
    expect(weights).toEqual([1, 10]);
    expect(moved).toEqual({ below: [31, -7], beside: [23], own: [5] });
    const weighted = by(() => [2, 1], { gradientsOf: 'representation', headGradients: 'weighted' });
    expect((await oneStep(weighted, options, rows)).moved).toEqual({ below: [5, 5], beside: [8], own: [10] });
  });
});

describe('learn', () => {
  /** Adds up what it is given, times ten to the power of the step: J's numbers times powers of 2, tasks present, all tasks. */
  const learning = (gradientsOf: 'shared' | 'representation', updateEvery = 1) =>
    defineGradientBalancing({
      name: 'learning',
      scale: 'paper',
      gradientsOf,
      updateEvery,
      bind: () => ({
        weights: ({ tasks }) => tasks.map(() => 1),
        state: () => ({ seen: [3] }),
        feeds: ({ step }) => ({ factor: { data: Float32Array.of(10 ** step), shape: [] } }),
        learn({ jacobian, active, losses, feeds, state }) {
          const weighed = tf.sum(tf.mul(jacobian, tf.pow(2, tf.range(0, jacobian.shape[1]))));
          const now = tf.stack([weighed, tf.sum(active), tf.sum(tf.onesLike(losses))]);
          return { seen: tf.add(state.seen, tf.mul(now, feeds.factor)) };
        },
      }),
    });
  /** The representation is the input; every task sees it as many times as it has outputs. */
  const repeated: SharingStrategy = defineSharing({
    name: 'repeated',
    bind({ tasks, scope }) {
      const below = scope.child('below').variable('vector', [1], () => Float32Array.of(1));
      return {
        forward({ x }) {
          const shared = tf.mul(x as tf.Tensor, below);
          const outputs = Object.fromEntries(
            tasks.map(({ name, outputs: { value } }) => [name, { value: tf.tile(shared, [1, Number(value?.[0])]) }]),
          );
          return { outputs, features: {}, shared, intermediates: {} };
        },
      };
    },
  });
  async function seenBy(balancing: GradientBalancing, fit: object, targets: Parameters<typeof rowsDataset>[0] = data) {
    const inputs = { x: { shape: [1], dtype: 'float32' as const } };
    const sharing = balancing.gradientsOf === 'representation' ? repeated : layered;
    const optimizer = sgd({ learningRate: 1 });
    const trainer = keep(await mixedTrainer({ tasks: three, sharing, balancing, inputs, optimizer }));
    await trainer.fit(rowsDataset(targets), { epochs: 1, shuffle: false, ...fit });
    return Array.from((await trainer.checkpoint()).tensors['stored/balancing/seen']?.data ?? []);
  }

  it('gets the gradients of what is shared, who is there, its numbers and its state', async () => {
    // Columns: first (2), second, partly. Of a 1 2 3 4, of b 0 1 0 1, of c 3 0 -1.
    const found = await seenBy(learning('shared'), { batchSize: 1 });
    expect(found).toEqual([1 + 4 + 12 + 32 + (2 + 8) + (3 - 4), 3, 3]);
  });

  it('gets the gradients of the representation, of all parts one after the other', async () => {
    const two = {
      a: [
        [1, 2, 3, 4, 5],
        [5, 0, 0, 0, 0],
      ],
      b: [
        [0, 1, 0, 1, 2],
        [1, 1, 1, 1, 1],
      ],
      c: [[3, 0, -1, 7], null],
    };
    // Means of a and b over two rows, of c over the one that has a label: a 7.5 and 2.5, b 2 and 2.5, c 9.
    const expected = [7.5 + 2 + 9 + 2 * (2.5 + 2.5), 3, 3];
    expect(await seenBy(learning('representation'), { batchSize: 2 }, two)).toEqual(expected);
    expect(await seenBy(learning('representation'), { batchSize: 1, accumulate: 2 }, two)).toEqual(expected);
  });

  it('is asked in steps that work out weights, not in those that hold them', async () => {
    const times = (row: readonly number[]) => [row, row, row];
    const targets = { a: times([1, 0, 0, 0, 0]), b: times([0, 0, 0, 0, 0]), c: times([0, 0, 0, 0]) };
    expect(await seenBy(learning('shared', 2), { batchSize: 1 }, targets)).toEqual([101, 303, 303]);
  });
});

it('moves the statistics of BatchNorm once a step, whatever gradients are compared', async () => {
  const statistics = async (gradientsOf: 'shared' | 'representation') => {
    const trainer = keep(
      await mixedTrainer({ sharing: restlessSharing(), balancing: by(() => [1, 1], { gradientsOf }) }),
    );
    await trainer.fit(makeTable(8, 'statistics', false), { epochs: 1, batchSize: 8 });
    const { tensors } = await essence(trainer);
    return tensors.statistics?.data;
  };
  const found = await statistics('representation');
  expect(found).toEqual(await statistics('shared'));
  expect(found?.every((value) => value !== 0 && value !== 1)).toBe(true);
});

describe('what is refused', () => {
  it.each([
    ['neither weights nor aggregate', {}],
    [
      'both',
      {
        weights: () => [1],
        aggregate: ({ jacobian }: { jacobian: tf.Tensor2D }) => ({ direction: tf.sum(jacobian, 0) as tf.Tensor1D }),
      },
    ],
  ])('%s, and nothing leaks', async (what, bound) => {
    const balancing = defineGradientBalancing({ name: 'shapeless', bind: () => bound as BoundGradientBalancing });
    const inputs = { x: { shape: [1], dtype: 'float32' as const } };
    const make = mixedTrainer({ tasks: three, sharing: layered, balancing, inputs });
    await expect(make).rejects.toMatchObject({ code: 'POLYTASK_BALANCING_SHAPE' });
    await expect(make).rejects.toThrow(
      `\`shapeless\` must have exactly one of \`weights\` and \`aggregate\`, but has ${what === 'both' ? 'both' : 'neither'}`,
    );
  });

  it('an aggregation that learns beside', async () => {
    const bound = { aggregate: () => ({ direction: tf.scalar(0) }), learn: () => ({}) };
    const balancing = defineGradientBalancing({ name: 'two', bind: () => bound as BoundGradientBalancing });
    await expect(oneStep(balancing)).rejects.toThrow('`two` has `learn`, which goes with `weights`, but aggregates');
  });

  it('parts of a batch beside what is learned from the whole', async () => {
    const bound = { weights: () => [1, 1, 1], learn: () => ({}) };
    const balancing = defineGradientBalancing({ name: 'two', parts: 2, bind: () => bound as BoundGradientBalancing });
    await expect(oneStep(balancing)).rejects.toThrow('`two` has `learn`, which needs the gradients of the whole batch');
  });

  it('weights of another number than there are tasks', async () => {
    await expect(oneStep(by(() => [1, 2]))).rejects.toThrow(
      /What `weights` of `test-balancing` returns must have shape \[3\], but has shape \[2\]/,
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight of %s, before anything moves', async (bad) => {
    const inputs = { x: { shape: [1], dtype: 'float32' as const } };
    const trainer = keep(
      await mixedTrainer({ tasks: three, sharing: layered, balancing: by(() => [1, bad, 1]), inputs }),
    );
    const start = await readAll(trainer);
    const fit = trainer.fit(rowsDataset(data), { epochs: 1 });
    await expect(fit).rejects.toMatchObject({ code: 'POLYTASK_NON_FINITE_WEIGHT' });
    await expect(fit).rejects.toThrow(`\`test-balancing\` gave weight ${bad} at step 0`);
    expect(await readAll(trainer)).toEqual(start);
  });
});

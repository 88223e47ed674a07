import {
  type AggregateInput,
  type AnyTask,
  type BoundGradientBalancing,
  defineGradientBalancing,
  type GradientBalancing,
  hostTensor,
  type StepEvent,
  sgd,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { linearTask, readAll, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { leavingNoTensor, makeTable, mixedTrainer, noting } from '../training/fixtures.js';

const keep = leavingNoTensor();

const tasks: readonly AnyTask[] = [linearTask('a', 3), linearTask('b', 2)];
const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] }, own: { size: 1, usedBy: ['a'] } });
const inputs = { x: { shape: [1], dtype: 'float32' as const } };
const data = {
  a: [
    [1, 2, 3],
    [1, 0, 3],
  ],
  b: [
    [0, 4],
    [0, 2],
  ],
};

/** Every step of an epoch of single rows: events, and by how much everything has moved in all. */
async function steps(
  bound: BoundGradientBalancing,
  targets: Parameters<typeof rowsDataset>[0] = data,
  options: Partial<GradientBalancing> = {},
) {
  const balancing = defineGradientBalancing({ name: 'test-aggregation', ...options, bind: () => bound });
  const trainer = keep(await mixedTrainer({ tasks, sharing, balancing, inputs, optimizer: sgd({ learningRate: 1 }) }));
  const start = await readAll(trainer);
  const events: StepEvent[] = [];
  const callbacks = [{ stepEnd: (event: StepEvent) => void events.push(event) }];
  const history = await trainer.fit(rowsDataset(targets), { epochs: 1, batchSize: 1, shuffle: false, callbacks });
  const end = await readAll(trainer);
  const moved = (path: string) =>
    Array.from(end[path] ?? [], (value, i) => Math.round(((start[path]?.[i] as number) - value) * 1e4) / 1e4 + 0);
  return {
    v: moved('v/vector'),
    own: moved('own/vector'),
    weights: events.map((event) => Object.values(event.weights)),
    history,
  };
}

const sum = (jacobian: tf.Tensor2D) => tf.sum(jacobian, 0) as tf.Tensor1D;
const numbers = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

describe('an aggregation', () => {
  it('gives the direction of what is shared; heads get their own gradients', async () => {
    const { v, own } = await steps({ aggregate: ({ jacobian }) => ({ direction: tf.mul(sum(jacobian), 10) }) });
    expect([v, own]).toEqual([[20, 80], [6]]);
  });

  it('sees gradients, losses and who is there, with zeros for those who are not', async () => {
    const seen: number[][] = [];
    const look = ({ jacobian, losses, active }: AggregateInput) => {
      seen.push(numbers(jacobian), numbers(losses), numbers(active));
      return { direction: sum(jacobian) };
    };
    const { weights } = await steps({ aggregate: look }, { a: [[1, 2, 3]], b: [null] });
    expect([seen[0], seen[2]]).toEqual([
      [1, 2, 0, 0],
      [1, 0],
    ]);
    expect(seen[1]).toEqual([expect.any(Number), 0]);
    expect(weights).toEqual([[1, 0]]);
  });

  it('gets what is fed for the step, and random numbers that differ between steps', async () => {
    const seen: number[][] = [];
    const bound: BoundGradientBalancing = {
      feeds: ({ step }) => ({ factor: hostTensor(step + 1) }),
      aggregate({ jacobian, feeds, uniform }) {
        seen.push(numbers(uniform('draw', [2])));
        return { direction: tf.mul(sum(jacobian), feeds.factor as tf.Tensor) as tf.Tensor1D };
      },
    };
    expect((await steps(bound)).v).toEqual([1 + 2, 6 + 4]);
    expect(seen[0]).not.toEqual(seen[1]);
    const again = seen.splice(0);
    await steps(bound);
    expect(seen).toEqual(again);
  });

  it('carries state from step to step, zeros at first', async () => {
    const sizes: unknown[] = [];
    const { v } = await steps({
      state: (size) => noting(sizes, size, { total: [size.columns], count: [] }),
      aggregate({ jacobian, state }) {
        const total = tf.add(state.total as tf.Tensor1D, sum(jacobian)) as tf.Tensor1D;
        return { direction: total, state: { total, count: tf.add(state.count as tf.Tensor, 1) } };
      },
    });
    // [1, 6], then [1, 6] + [1, 2].
    expect([v, sizes[0]]).toEqual([[3, 14], { tasks: 2, columns: 2 }]);
  });

  it('must give back every state that it declares, in its shape', async () => {
    const state = () => ({ total: [2] });
    const missing = steps({ state, aggregate: ({ jacobian }) => ({ direction: sum(jacobian) }) });
    await expect(missing).rejects.toThrow(/gives no output `state\/total`/);
    const wrong = steps({
      state,
      aggregate: ({ jacobian }) => ({ direction: sum(jacobian), state: { total: tf.zeros([3]) } }),
    });
    await expect(wrong).rejects.toThrow(/must have shape \[2\], but has shape \[3\]/);
  });

  it('has the weights that it tells', async () => {
    const { weights } = await steps({
      aggregate: ({ jacobian }) => ({ direction: sum(jacobian), weights: tf.tensor1d([0.25, 4]) }),
    });
    expect(weights).toEqual([
      [0.25, 4],
      [0.25, 4],
    ]);
  });

  it('else has the weights that its direction amounts to', async () => {
    const combine = ({ jacobian }: AggregateInput) => ({
      direction: tf.reshape(tf.matMul(tf.tensor2d([[2, -0.5]]), jacobian), [-1]) as tf.Tensor1D,
    });
    const { weights, history } = await steps({ aggregate: combine });
    for (const row of weights) {
      expect(row).toEqual([expect.closeTo(2, 5), expect.closeTo(-0.5, 5)]);
    }
    expect(history.cosines[0]?.[0]?.[1]).toBeCloseTo(2 / Math.sqrt(5) / 2, 5);
  });

  it('has weights of 0 where all gradients vanish', async () => {
    const { weights } = await steps(
      { aggregate: ({ jacobian }) => ({ direction: sum(jacobian) }) },
      { a: [[0, 0, 1]], b: [[0, 0]] },
    );
    expect(weights).toEqual([[0, 0]]);
  });
});

describe('under the representation', () => {
  const balancing = (aggregate: NonNullable<BoundGradientBalancing['aggregate']>) =>
    defineGradientBalancing({ name: 'in-representation', gradientsOf: 'representation', bind: () => ({ aggregate }) });
  const train = makeTable(12, 'representation', false);

  it('the direction is carried back to what lies below', async () => {
    const bits = async (options: Partial<Parameters<typeof mixedTrainer>[0]>) => {
      const trainer = keep(await mixedTrainer(options));
      await trainer.fit(train, { epochs: 1, batchSize: 6 });
      return readAll(trainer);
    };
    const summed = await bits({ balancing: balancing(({ jacobian }) => ({ direction: sum(jacobian) })) });
    const plain = await bits({});
    for (const [path, values] of Object.entries(plain)) {
      values.forEach((value, i) => {
        expect(summed[path]?.[i], path).toBeCloseTo(value, 5);
      });
    }
  });

  it('sees a row of B · d numbers for every task', async () => {
    const shapes: number[][] = [];
    const trainer = keep(
      await mixedTrainer({
        balancing: balancing(({ jacobian }) => noting(shapes, jacobian.shape, { direction: sum(jacobian) })),
      }),
    );
    await trainer.fit(train, { epochs: 1, batchSize: 8 });
    expect(shapes).toEqual([
      [2, 40],
      [2, 20],
    ]);
  });
});

it.each([
  ['layers', { gradientsOf: 'layers' as const }, /not of 'layers'/],
  ['the last shared layer', { gradientsOf: 'last-shared-layer' as const }, /not of 'last-shared-layer'/],
  ['weighted heads', { headGradients: 'weighted' as const }, /knows no weights for head gradients/],
  ['state of a representation', { gradientsOf: 'representation' as const, state: true }, /carries no `state`/],
])('is refused for %s', async (_, { state, ...options }: Partial<GradientBalancing> & { state?: boolean }, message) => {
  const bound: BoundGradientBalancing = {
    aggregate: ({ jacobian }) => ({ direction: sum(jacobian) }),
    ...(state ? { state: () => ({}) } : {}),
  };
  const balancing = defineGradientBalancing({ name: 'test-aggregation', ...options, bind: () => bound });
  const make = mixedTrainer({ tasks, sharing, balancing, inputs });
  await expect(make).rejects.toThrow(message);
  const option = Object.keys(options)[0] as string;
  await expect(make).rejects.toMatchObject({
    code: 'POLYTASK_BALANCING_SHAPE',
    option,
    part: { name: 'test-aggregation' },
  });
});

import {
  type AnyTask,
  defineLossWeighting,
  type HostFeeds,
  hostTensor,
  type LossWeighting,
  onesInitializer,
  type Scalarization,
  type StepEvent,
  sgd,
  sumOfLosses,
  type WeightScale,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { linearTask, readAll, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { leavingNoTensor, mixedTrainer } from '../training/fixtures.js';

const keep = leavingNoTensor();

/** Losses that do not depend on parameters much: what is added makes them `wanted`, more or less. */
const tasks: readonly AnyTask[] = ['a', 'b', 'c'].map((name, k) => {
  const task = linearTask(name, 2);
  return {
    ...task,
    loss: (outputs, target, constants) => tf.add(task.loss(outputs, target, constants), 2 + k),
  } as AnyTask;
});
const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b', 'c'] } });
const gradients = { a: [[0.1, 0.2]], b: [[-0.3, 0.1]], c: [[0.2, -0.2]] };

/** One step of sgd: the event, and by how much everything moved, per unit of the learning rate. */
async function oneStep(
  balancing: LossWeighting,
  data: Parameters<typeof rowsDataset>[0] = gradients,
  learningRate = 0.01,
) {
  const inputs = { x: { shape: [1], dtype: 'float32' as const } };
  const trainer = keep(await mixedTrainer({ tasks, sharing, balancing, inputs, optimizer: sgd({ learningRate }) }));
  const start = await readAll(trainer);
  const events: StepEvent[] = [];
  await trainer.fit(rowsDataset(data), { epochs: 1, callbacks: [{ stepEnd: (event) => void events.push(event) }] });
  const end = await readAll(trainer);
  const moved = Object.fromEntries(
    Object.entries(end).map(([path, values]) => [
      path,
      Array.from(values, (value, i) => ((start[path]?.[i] as number) - value) / learningRate),
    ]),
  );
  const { losses, weights } = events[0] as StepEvent;
  return { moved, losses: Object.values(losses), weights: Object.values(weights) };
}

const weighting = (scalarize: Scalarization, scale?: WeightScale, feeds?: () => HostFeeds): LossWeighting =>
  defineLossWeighting({
    name: 'test-weighting',
    ...(scale === undefined ? {} : { scale }),
    bind: () => ({ scalarize, ...(feeds === undefined ? {} : { feeds }) }),
  });

/** Central differences in float64 of the same function, written again. */
const slopes = (f: (losses: readonly number[]) => number, at: readonly number[]) =>
  at.map((loss, k) => {
    const [up, down] = [[...at], [...at]];
    up[k] = loss + 1e-5;
    down[k] = loss - 1e-5;
    return (f(up) - f(down)) / 2e-5;
  });

const expectClose = (found: readonly number[] | undefined, wanted: readonly number[], tolerance = 1e-4) => {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs((found?.[i] as number) - value), `number ${i}`).toBeLessThan(tolerance * (1 + Math.abs(value)));
  });
};

/** Σ w_k g_k of the gradients above. */
const combined = (weights: readonly number[]) =>
  [0, 1].map((i) =>
    Object.values(gradients).reduce((sum, [g], k) => sum + (weights[k] as number) * (g?.[i] as number), 0),
  );

const functions: [string, Scalarization, (losses: readonly number[]) => number][] = [
  ['sum', (l) => tf.sum(l) as tf.Scalar, (l) => l.reduce((sum, one) => sum + one, 0)],
  [
    'geometric mean',
    (l) => tf.exp(tf.mean(tf.log(l))) as tf.Scalar,
    (l) => Math.exp(l.reduce((sum, one) => sum + Math.log(one), 0) / l.length),
  ],
  [
    'log of sum of exponentials',
    (l) => tf.logSumExp(l) as tf.Scalar,
    (l) => Math.log(l.reduce((sum, one) => sum + Math.exp(one), 0)),
  ],
  ['maximum', (l) => tf.max(l) as tf.Scalar, (l) => Math.max(...l)],
  ['a product of two', (l) => tf.prod(tf.slice(l, 0, 2)) as tf.Scalar, (l) => (l[0] as number) * (l[1] as number)],
];

describe('effective weights', () => {
  it.each(functions)('are the slopes of the %s, and move the parameters', async (_, scalarize, again) => {
    const { moved, losses, weights } = await oneStep(weighting(scalarize, 'paper'));
    const wanted = slopes(again, losses);
    expectClose(weights, wanted);
    expectClose(moved['v/vector'], combined(wanted), 1e-3);
  });

  it.each(functions)('of the %s sum to the number of tasks under the default scale', async (_, scalarize, again) => {
    const { moved, losses, weights } = await oneStep(weighting(scalarize));
    const slope = slopes(again, losses);
    const wanted = slope.map((one) => (3 * one) / slope.reduce((sum, other) => sum + other, 0));
    expectClose(weights, wanted);
    expectClose(moved['v/vector'], combined(wanted), 1e-3);
  });

  it('come from what is fed for the step', async () => {
    const feeds = () => ({ factors: hostTensor([1, 2, 3]) });
    const scalarize: Scalarization = (losses, _, { factors }) =>
      tf.sum(tf.mul(losses, factors as tf.Tensor)) as tf.Scalar;
    expect((await oneStep(weighting(scalarize, 'paper', feeds))).weights).toEqual([1, 2, 3]);
    expectClose((await oneStep(weighting(scalarize, 'tasks', feeds))).weights, [0.5, 1, 1.5]);
  });

  it('have no scale where they do not sum to something positive', async () => {
    const against: Scalarization = (losses) => tf.neg(tf.sum(losses)) as tf.Scalar;
    expect((await oneStep(weighting(against))).weights).toEqual([-1, -1, -1]);
    const nothing: Scalarization = (losses) => tf.sum(tf.mul(losses, 0)) as tf.Scalar;
    expect((await oneStep(weighting(nothing))).weights.map(Math.abs)).toEqual([0, 0, 0]);
    const constant: Scalarization = () => tf.scalar(1);
    expect((await oneStep(weighting(constant))).weights).toEqual([0, 0, 0]);
  });

  it('of absent tasks are 0, also where the slope at a loss of 0 is infinite', async () => {
    const scalarize: Scalarization = (losses) => tf.sum(tf.sqrt(losses)) as tf.Scalar;
    const { weights, losses, moved } = await oneStep(weighting(scalarize), { ...gradients, b: [null] });
    expect(losses.map(Number.isNaN)).toEqual([false, true, false]);
    expect(weights[1]).toBe(0);
    expectClose([(weights[0] as number) + (weights[2] as number)], [2]);
    expect(moved['v/vector']?.every(Number.isFinite)).toBe(true);
  });

  it('see which tasks are there', async () => {
    const seen: number[][] = [];
    const scalarize: Scalarization = (losses, active) => {
      seen.push(Array.from(losses.dataSync()), Array.from(active.dataSync()));
      return tf.sum(losses) as tf.Scalar;
    };
    await oneStep(weighting(scalarize), { ...gradients, a: [null] });
    expect(seen[1]).toEqual([0, 1, 1]);
    expect(seen[0]?.[0]).toBe(0);
  });
});

describe('variables of a weighting', () => {
  it('move by the slope of the whole, unscaled, at a learning rate of their own', async () => {
    const balancing = defineLossWeighting({
      name: 'uncertain',
      bind({ scope }) {
        const s = scope.variable('s', [3], onesInitializer);
        return {
          scalarize: (losses, active) =>
            tf.sum(tf.mul(active, tf.add(tf.mul(tf.exp(tf.neg(s)), losses), tf.mul(s, 0.5)))) as tf.Scalar,
        };
      },
    });
    const { moved, losses, weights } = await oneStep(balancing);
    const factor = Math.exp(-1);
    expectClose(weights, [1, 1, 1]);
    expectClose(
      moved['balancing/uncertain/s'],
      losses.map((loss) => 0.5 - factor * loss),
      1e-3,
    );
  });
});

it('sums losses where nothing else is asked for, whatever their number', async () => {
  const { weights, moved } = await oneStep(sumOfLosses());
  expect(weights).toEqual([1, 1, 1]);
  expectClose(moved['v/vector'], combined([1, 1, 1]), 1e-3);
  expect((await oneStep(sumOfLosses(), { ...gradients, c: [null] })).weights).toEqual([1, 1, 0]);
});

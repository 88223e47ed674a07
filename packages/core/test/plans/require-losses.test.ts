import {
  type Balancing,
  balanceGradients,
  balanceLosses,
  createTrainer,
  defineGradientBalancing,
  defineLossWeighting,
  defineObserver,
  defineStepPlan,
  type EpochSummary,
  type LossWeighting,
  sgd,
} from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const scalarize = (losses: tf.Tensor) => tf.sum(losses);
const kinds: readonly ((leastLoss?: LossWeighting['leastLoss']) => Balancing)[] = [
  (leastLoss) => defineLossWeighting({ name: 'picky', leastLoss, bind: () => ({ scalarize }) }),
  (leastLoss) =>
    defineGradientBalancing({ name: 'picky', leastLoss, bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }) }),
  (leastLoss) =>
    defineGradientBalancing({
      name: 'picky',
      leastLoss,
      bind: () => ({ aggregate: ({ jacobian }) => ({ direction: tf.sum(jacobian, 0) }) }),
    }),
  (leastLoss) =>
    defineStepPlan({
      name: 'picky',
      leastLoss,
      bind: () => ({
        async step({ gradient, apply }) {
          const found = await gradient();
          await apply(found.gradient);
          return found;
        },
      }),
    }),
];

/** One step with losses of these values. */
async function step(balancing: Balancing, losses: readonly number[], observers: Parameters<typeof watching>[0] = []) {
  const { data, ...problem } = linearProblem(
    losses.map((_, k) => [k, 1]),
    losses,
  );
  const trainer = await createTrainer({ ...problem, balancing, optimizer: sgd({ learningRate: 0.1 }), observers });
  try {
    await trainer.fit(data, { epochs: 1, batchSize: 2 });
  } finally {
    trainer.dispose();
  }
}
const watching = (observers: readonly ReturnType<typeof defineObserver>[]) => observers;

describe.each(kinds.map((make) => ({ make, kind: make().kind })))('$kind', ({ make }) => {
  it('refuses a loss that the method is not defined for, and says whose it is', async () => {
    await step(make(0), [0, 3]);
    await step(make(), [2, -3]);
    await step(
      make((task) => (task === 'a' ? 1 : -4)),
      [1, -3],
    );
    const refused = expect(step(make(0), [2, -3])).rejects;
    await refused.toMatchObject({ code: 'POLYTASK_LOSS_TOO_LOW' });
    await expect(
      step(
        make((task) => (task === 'b' ? -2 : 0)),
        [2, -3],
      ),
    ).rejects.toThrow('`picky` is defined for losses of -2 and above, but that of task `b` is -3 at step 0.');
  });
});

test('what only looks may look at parameters with losses that the method is not defined for', async () => {
  const seen: number[] = [];
  const observer = defineObserver({
    name: 'far-away',
    bind: () => ({
      async probe({ clone, parameters, gradient, axpy, losses }) {
        const copy = await clone(parameters);
        await axpy(copy, -10, (await gradient({ weights: [0, 1] })).gradient);
        seen.push(...(await losses({ parameters: copy })));
      },
      result: () => ({}),
    }),
  });
  await step(kinds[0]?.(0) as Balancing, [2, 3], [observer]);
  expect(Math.min(...seen)).toBeLessThan(0);
});

describe('in a loop of somebody else’s', () => {
  it('refuses such losses too', async () => {
    const byLoss = balanceLosses(kinds[0]?.(0) as LossWeighting, ['a', 'b']);
    tf.dispose(byLoss.loss([tf.scalar(1), null]));
    expect(() => byLoss.loss([tf.scalar(1), tf.scalar(-0.5)])).toThrow('that of task `b` is -0.5 at step 0');
    byLoss.dispose();
    const byGradient = balanceGradients(kinds[1]?.((task) => (task === 'a' ? 0 : -1)) as never, ['a', 'b']);
    const rows = tf.tensor2d([[1], [2]]);
    tf.dispose((await byGradient.direction(rows, [1, 1])).direction);
    // Nothing is made up in their place.
    await expect(byGradient.direction(rows)).rejects.toMatchObject({ code: 'POLYTASK_SHAPE_MISMATCH' });
    await expect(byGradient.direction(rows, [-1, -1])).rejects.toMatchObject({ code: 'POLYTASK_LOSS_TOO_LOW' });
    byGradient.dispose();
    rows.dispose();
  });

  it('shows a loss weighting what it did, step by step', () => {
    const tensors = tf.memory().numTensors;
    const seen: unknown[] = [];
    const part = defineLossWeighting({
      name: 'watching',
      scale: 'paper',
      bind: () => ({
        scalarize: (losses) => tf.sum(tf.mul(losses, losses)),
        observe: ({ losses, weights }, { step: at }) => seen.push([Array.from(losses), Array.from(weights), at]),
      }),
    });
    const balance = balanceLosses(part, ['a', 'b']);
    for (const losses of [
      [1, null],
      [2, 3],
    ]) {
      tf.tidy(() => void balance.loss(losses.map((loss) => (loss === null ? null : tf.scalar(loss)))));
      balance.stepEnd();
    }
    balance.stepEnd();
    expect(seen).toEqual([
      [[1, Number.NaN], [2, 0], 0],
      [[2, 3], [4, 6], 1],
    ]);
    balance.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

test('a loss weighting sees every step, and the scores of every epoch', async () => {
  const steps: number[][] = [];
  const epochs: EpochSummary[] = [];
  const part = defineLossWeighting({
    name: 'watching',
    bind: () => ({
      scalarize,
      observe: ({ losses }) => void steps.push(Array.from(losses)),
      epochEnd: (summary) => void epochs.push(summary),
    }),
  });
  const { data, ...problem } = linearProblem([[1], [2]], [2, 3]);
  const trainer = await createTrainer({ ...problem, balancing: part, optimizer: sgd({ learningRate: 0.1 }) });
  await trainer.fit(data, { epochs: 2, batchSize: 2 });
  const history = await trainer.fit(data, { epochs: 3, batchSize: 2, validation: data });
  expect(steps).toHaveLength(3);
  expect(steps[0]).toEqual([2, 3]);
  expect(epochs.map(({ validation }) => validation !== undefined)).toEqual([false, false, true]);
  expect(epochs[2]?.validation?.b?.loss).toBe(history.tasks.b?.loss[0]);
  expect(Object.keys(epochs[2]?.validation?.b ?? {})).toContain('mae');
  trainer.dispose();
});

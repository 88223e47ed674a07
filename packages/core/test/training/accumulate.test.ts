import {
  type AnyTask,
  type AuxiliaryObjective,
  type Balancing,
  createTrainer,
  defineAuxiliary,
  defineGradientBalancing,
  defineLossWeighting,
  defineStepPlan,
  type FitOptions,
  type GradientBalancing,
  mlp,
  sgd,
  sumOfLosses,
  type TableDataset,
  tableDataset,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { famo } from '../acid/methods/famo.js';
import { uncertaintyWeighting } from '../acid/methods/uncertainty-weighting.js';
import { expectClose, valuesOf } from '../acid/support/runs.js';
import { toyTable, toyTasks } from '../acid/support/toy-data.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

beforeAll(() => tf.setBackend('cpu'));

// Labels are missing so that parts have different numbers of them, one part none of `b`, and one step none of `c`.
const train = toyTable(['a', 'b', 'c'], 40, {
  b: (row) => row % 3 === 0 || row < 12,
  c: (row) => row % 4 === 1 || (row >= 16 && row < 32),
});

interface Options {
  readonly balancing: Balancing;
  readonly auxiliary?: readonly AuxiliaryObjective[];
  readonly encoder?: Parameters<typeof mlp>[1];
  readonly learningRate?: number;
}

/** What a run comes to: variables by path, and every step's losses, weights, terms and logged numbers. */
async function course(
  { balancing, auxiliary, encoder = {}, learningRate = 0.1 }: Options,
  fit: Partial<FitOptions>,
  data: TableDataset = train,
) {
  const tensors = tf.memory().numTensors;
  const steps: number[][] = [];
  const trainer = await createTrainer({
    tasks: toyTasks('a', 'b', 'c') as readonly AnyTask[],
    sharing: tinySharing(mlp([6, 4], { activation: 'tanh', ...encoder })),
    balancing,
    auxiliary,
    optimizer: sgd({ learningRate }),
    executor: strict(),
  });
  const history = await trainer.fit(data, {
    epochs: 2,
    shuffle: false,
    ...fit,
    callbacks: [
      {
        stepEnd: ({ losses, weights, terms, logged }) =>
          void steps.push([losses, weights, terms, logged].flatMap((one) => Object.values(one))),
      },
    ],
  });
  const values = await valuesOf(trainer);
  trainer.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
  return { values, steps, history };
}

async function expectSame(make: () => Options): Promise<void> {
  const whole = await course(make(), { batchSize: 16 });
  const parts = await course(make(), { batchSize: 4, accumulate: 4 });
  expect(parts.steps).toHaveLength(6);
  parts.steps.forEach((numbers, step) => {
    const expected = whole.steps[step] as number[];
    const present = expected.map((one) => !Number.isNaN(one));
    expect(numbers.map((one) => !Number.isNaN(one))).toEqual(present);
    expectClose(
      numbers.filter((_, i) => present[i]),
      expected.filter((_, i) => present[i]),
      2e-5,
    );
  });
  for (const [path, values] of Object.entries(whole.values)) expectClose(parts.values[path], values, 2e-5);
}

const geometric = () =>
  defineLossWeighting({
    name: 'geometric',
    bind: () => ({ scalarize: (losses, active) => tf.sum(tf.log(tf.add(losses, tf.sub(1, active)))) }),
  });

/** Weights that depend on every entry of the Gramian, and on the losses. */
const byGramian = (options: Pick<GradientBalancing, 'gradientsOf' | 'headGradients'>) =>
  defineGradientBalancing({
    name: 'by-gramian',
    ...options,
    bind: () => ({
      weights: ({ gramian, losses }) =>
        losses.map((loss, i) => 1 + loss / (1 + Math.abs(gramian.reduce((sum, one, at) => sum + one * (at + i), 0)))),
    }),
  });

const aggregating = () =>
  defineGradientBalancing({
    name: 'aggregating',
    bind: () => ({
      aggregate: ({ jacobian, losses, active }) => ({
        direction: tf.sum(tf.tanh(tf.mul(jacobian, tf.expandDims(tf.add(losses, active), 1))), 0),
        weights: active,
      }),
    }),
  });

const planning = () =>
  defineStepPlan({
    name: 'planning',
    bind: () => ({
      async step({ jacobian, gramian, gramianOf, combine, gradient, axpy, apply, active }) {
        const found = await jacobian();
        const [products, { gramians }] = [await gramian(found), await gramianOf('layers')];
        const sizes = Object.values(gramians).map((one) => one.reduce((sum, value) => sum + value, 0));
        const weights = [0, 1, 2].map((k) =>
          active().includes(k) ? 1 + Math.tanh((products[4 * k] as number) + (sizes[0] as number)) : 0,
        );
        const direction = await combine(found, weights, 'raw');
        await axpy(direction, 0.5, (await gradient({ headGradients: 'raw', weights: [1, 0.5, 0] })).gradient);
        await apply(direction);
        return { losses: found.losses, weights };
      },
    }),
  });

const auxiliary = (asTask: boolean) =>
  defineAuxiliary({
    name: 'small-features',
    weight: 0.3,
    asTask,
    bind: () => ({
      logged: ['largest'],
      loss({ state }) {
        const features = state.features.a as tf.Tensor;
        return { loss: tf.mean(tf.square(features)) as tf.Scalar, logged: { largest: tf.mean(tf.abs(features)) } };
      },
    }),
  });

const cases: readonly (readonly [string, () => Options])[] = [
  ['the sum of losses', () => ({ balancing: sumOfLosses() })],
  ['a function of the losses', () => ({ balancing: geometric() })],
  ['variables of the balancing', () => ({ balancing: uncertaintyWeighting({ start: 0.3, learningRate: 0.1 }) })],
  ['weights of all shared gradients', () => ({ balancing: byGramian({}) })],
  ['weighted heads', () => ({ balancing: byGramian({ headGradients: 'weighted' }) })],
  ['weights by layer', () => ({ balancing: byGramian({ gradientsOf: 'layers' }) })],
  ['the last shared layer', () => ({ balancing: byGramian({ gradientsOf: 'last-shared-layer' }) })],
  ['the representation', () => ({ balancing: byGramian({ gradientsOf: 'representation' }) })],
  ['an aggregation', () => ({ balancing: aggregating() })],
  ['a plan', () => ({ balancing: planning() })],
  ['a plan with a function of the losses', () => ({ balancing: famo() })],
  ['an auxiliary term', () => ({ balancing: geometric(), auxiliary: [auxiliary(false)] })],
  ['an auxiliary term as a task', () => ({ balancing: byGramian({}), auxiliary: [auxiliary(true)] })],
  ['an auxiliary term beside weights', () => ({ balancing: byGramian({}), auxiliary: [auxiliary(false)] })],
];

describe('four batches in one step do what one of four times the size does', () => {
  it.each(cases)('under %s', async (_, make) => {
    await expectSame(make);
  });
});

test('dropout draws anew for every part', async () => {
  // The same four rows again and again: with the same masks every part has the same losses.
  const numbers = (width: number) =>
    Float32Array.from({ length: 16 * width }, (_, i) => Math.sin((i % (4 * width)) + 1));
  const columns = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, numbers(1)]));
  const data = tableDataset({ inputs: { x: { data: numbers(4), shape: [16, 4] } }, columns });
  const first = async (dropout: number, accumulate: number) => {
    const { steps } = await course(
      { balancing: sumOfLosses(), encoder: { dropout } },
      { epochs: 1, batchSize: 4, accumulate },
      data,
    );
    return (steps[0] as number[]).slice(0, 3);
  };
  expectClose(await first(0, 4), await first(0, 1));
  const [parts, single] = [await first(0.5, 4), await first(0.5, 1)];
  expect(Math.max(...parts.map((loss, k) => Math.abs(loss - (single[k] as number))))).toBeGreaterThan(0.01);
  expect(await first(0.5, 4)).toEqual(parts);
});

test('statistics of BatchNorm move with every part', async () => {
  const options = { balancing: sumOfLosses(), encoder: { batchNorm: true }, learningRate: 1e-30 };
  const statistics = async (accumulate: number) => {
    const { values } = await course(options, { epochs: 1, batchSize: 4, accumulate });
    return values['trunk/dense0/batchNorm/movingMean'];
  };
  const parts = await statistics(4);
  expectClose(parts, (await statistics(1)) ?? []);
  expect(parts?.some((mean) => mean !== 0)).toBe(true);
});

test('goes on within an epoch from a checkpoint, and not with other portions', async () => {
  const open = () =>
    createTrainer({ tasks: toyTasks('a', 'b', 'c') as readonly AnyTask[], sharing: tinySharing(mlp([4])), seed: 2 });
  const fit = { epochs: 2, batchSize: 4, accumulate: 3 };
  const whole = await open();
  expect((await whole.fit(train, fit)).steps).toBe(8);
  const controller = new AbortController();
  const first = await open();
  const stop = { stepEnd: ({ step }: { step: number }) => (step === 1 ? controller.abort() : undefined) };
  await first.fit(train, { ...fit, signal: controller.signal, callbacks: [stop] });
  const second = await open();
  await second.restore(await first.checkpoint());
  await expect(second.fit(train, { ...fit, accumulate: 2 })).rejects.toMatchObject({ code: 'POLYTASK_OTHER_PASS' });
  await second.fit(train, fit);
  expect(await valuesOf(second)).toEqual(await valuesOf(whole));
  for (const trainer of [whole, first, second]) trainer.dispose();
});

test('says what cannot be done in parts', async () => {
  const looking = defineStepPlan({
    name: 'looking',
    bind: () => ({
      async step({ forward }) {
        await forward(['loss/a']);
        throw new Error('not reached');
      },
    }),
  });
  await expect(course({ balancing: looking }, { batchSize: 4, accumulate: 2 })).rejects.toThrow(
    'Option `accumulate` must be 1 (or left out) with this strategy: it looks at single rows',
  );
  await expect(course({ balancing: sumOfLosses() }, { accumulate: 0 })).rejects.toThrow('a positive whole number');
});

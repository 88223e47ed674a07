// biome-ignore-all lint/suspicious/noExplicitAny: tables of functions over tensors of any rank
import {
  defineGradientBalancing,
  defineLossWeighting,
  defineStepPlan,
  type Executor,
  eager,
  mlp,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled } from '../../src/index.js';
import { twoTaskTable, twoTaskTrainer } from './training.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const nothing = { saveState: () => ({}), loadState: () => {}, reset: () => {}, dispose: () => {} };
const paper = { citations: [], claims: [] };

/** Weights from the Gramian, on the host. */
const byGramian = (of: 'shared' | 'last-shared-layer' | 'layers' | 'representation') =>
  defineGradientBalancing({
    name: `inverse-norms-of-${of}`,
    of,
    ...paper,
    bind: () => ({
      ...nothing,
      weights: ({ gramian, tasks }: any) =>
        Float64Array.from(tasks, (_, k) => 1 / Math.sqrt(gramian[k * tasks.length + k] + 1e-8)),
    }),
  } as never);

/** A direction computed from J in the program, with state. */
const byAggregate = defineGradientBalancing({
  name: 'signs',
  ...paper,
  bind: () => ({
    ...nothing,
    state: ({ columns }: any) => ({ before: [columns] }),
    aggregate: ({ jacobian, state }: any) => {
      const mean = tf.mean(jacobian, 0);
      const agree = tf.equal(tf.abs(tf.sum(tf.sign(jacobian), 0)), jacobian.shape[0]);
      const direction = tf.add(tf.where(agree, mean, tf.zerosLike(mean)), tf.mul(state.before, 0.1));
      return { direction, state: { before: direction } };
    },
  }),
} as never);

const weighting = defineLossWeighting({
  name: 'geometric',
  ...paper,
  bind: () => ({ ...nothing, scalarize: (losses: any) => tf.exp(tf.mean(tf.log(losses))) }),
} as never);

/** All the primitives in one plan: losses after a trial step on a scratch copy decide the weights, as FAMO and SDMGrad do. */
const plan = defineStepPlan({
  name: 'trial-step',
  ...paper,
  bind: () => ({
    ...nothing,
    async step(p: any) {
      const { gradient } = await p.gradient({ weights: [1, 0], auxiliary: false });
      const scratch = await p.clone(p.parameters);
      await p.axpy(scratch, -0.1 / (1 + Math.sqrt(await p.dot(gradient))), gradient);
      const before = await p.losses();
      const after = await p.losses({ parameters: scratch });
      const jacobian = await p.jacobian();
      const other = await p.jacobian({ parameters: scratch });
      const gramian = await p.gramian(jacobian, other);
      const { gramians } = await p.gramianOf('layers');
      const first = Object.values(gramians)[0] as Float64Array;
      const weights = [1 + (before[0] - after[0]) + 0.01 * gramian[1], 1 + 0.001 * (first[0] as number)];
      const combined = await p.combine(jacobian, weights, 'weighted');
      await p.apply(combined);
      p.store('last', combined);
      return { losses: jacobian.losses, weights: Float64Array.from(weights) };
    },
  }),
} as never);

async function run(executor: Executor, balancing: unknown) {
  const trainer = await twoTaskTrainer(executor, mlp([12, 8], { batchNorm: true, activation: 'tanh' }), { balancing });
  const history = await trainer.fit(twoTaskTable(44, [10]), { epochs: 3, batchSize: 16 });
  const { layout } = trainer.parameters as NonNullable<typeof trainer.parameters>;
  const values: number[] = [];
  for (const { path } of [...layout.segments, ...layout.stateSegments]) {
    const found = await trainer.parameters?.read(path);
    values.push(...(found?.data ?? []));
  }
  trainer.dispose();
  return { values, losses: history.tasks.left.loss };
}

describe('every kind of balancing, compiled and eager', () => {
  test.each([
    ['loss weighting', weighting],
    ['Gramian of shared parameters', byGramian('shared')],
    ['Gramian of the last shared layer', byGramian('last-shared-layer')],
    ['Gramian of every layer', byGramian('layers')],
    ['Gramian of the representation', byGramian('representation')],
    ['aggregation in the program', byAggregate],
    ['a plan with all primitives', plan],
  ])('%s', async (_, balancing) => {
    const expected = await run(eager(), balancing);
    const before = tf.memory().numTensors;
    const warnings: string[] = [];
    const found = await run(
      compiled({ threads: 1, verify: true, onFallback: (message) => warnings.push(message) }),
      balancing,
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(warnings).toEqual([]);
    const off = expected.values.reduce((most, x, i) => Math.max(most, Math.abs(x - (found.values[i] as number))), 0);
    expect(off).toBeLessThan(2e-4);
  });
});

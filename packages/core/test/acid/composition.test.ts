import {
  buildDense,
  defineAuxiliary,
  defineStepPlan,
  hostTensor,
  layersModel,
  mlp,
  type Program,
  sgd,
} from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { gradNorm } from './methods/grad-norm.js';
import { pcgrad } from './methods/pcgrad.js';
import { smoothed } from './methods/smoothed.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const tasks = toyTasks('a', 'b');
const train = toyTable(['a', 'b'], 16, { b: (row) => row < 4 });

test('a balancing around another one', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const options = { ...problem, balancing: smoothed(pcgrad({ scale: 'paper' })), optimizer: sgd({ learningRate: 1 }) };
  await trained(options, data, { epochs: 2, batchSize: 2 }, ({ events }) => {
    expectClose(Object.values(events[1]?.weights ?? {}), [2.222222, 1.578947]);
  });
  await expectResumes(
    () => ({ tasks, sharing: tinySharing(), balancing: smoothed(gradNorm()) }),
    train,
    { epochs: 2, batchSize: 4 },
    5,
  );
});

/** Keeps a running mean of the gradient: a device tensor that the plan makes by a program of its own, and stores. */
function averaged(beta: number) {
  const average: Program = {
    name: 'average',
    run: ({ mean, gradient, beta: share }) => ({
      mean: tf.add(
        tf.mul(mean as tf.Tensor, share as tf.Tensor),
        tf.mul(gradient as tf.Tensor, tf.sub(1, share as tf.Tensor)),
      ),
    }),
  };
  return defineStepPlan({
    name: 'averaged',
    bind: () => ({
      async step({ gradient, apply, run, stored, store, layout }) {
        const found = await gradient();
        const before = stored('mean') ?? hostTensor(new Float32Array(layout.size));
        const feeds = { mean: before, gradient: found.gradient, beta: hostTensor(beta) };
        const { device } = await run(average, { feeds, outputs: { mean: 'hold' } });
        const mean = device.mean as NonNullable<typeof device.mean>;
        store('mean', mean);
        await apply(mean);
        return found;
      },
    }),
  });
}

test('a plan with a program and device state of its own', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const options = { ...problem, balancing: averaged(0.5), optimizer: sgd({ learningRate: 1 }) };
  await trained(options, data, { epochs: 3, batchSize: 2 }, ({ values }) => {
    // Means of (2, 2, 2): a half, three quarters, seven eighths of it.
    expectClose(values['shared/0/theta'], [-4.25, -4.25, -4.25]);
  });
  await expectResumes(
    () => ({ tasks, sharing: tinySharing(), balancing: averaged(0.9) }),
    train,
    { epochs: 2, batchSize: 4 },
    5,
  );
});

/** Two programs of different phases: the discriminator alone moves in one step, the model alone in the next. */
const alternating = defineStepPlan({
  name: 'alternating',
  bind: () => ({
    async step({ gradient, apply, info }) {
      const found = await gradient();
      const turn = info.step % 2 === 0;
      await apply(found.gradient, { moves: ({ usedBy }) => (usedBy.length === 0) === turn });
      return found;
    },
  }),
});

test('a plan that moves parts in turn', async () => {
  const critic = defineAuxiliary({
    name: 'critic',
    bind({ scope, shared = [] }) {
      const layer = buildDense(scope, { shape: shared, dtype: 'float32' }, 1);
      return { loss: ({ state, step }) => tf.mean(tf.square(layer.apply(state.shared as tf.Tensor, step))) };
    },
  });
  const options = { tasks, sharing: tinySharing(), auxiliary: [critic], balancing: alternating, optimizer: sgd() };
  const runs: Record<string, number[]>[] = [];
  for (const epochs of [1, 2, 3]) {
    await trained(options, train, { epochs, batchSize: 16, shuffle: false }, ({ values }) => void runs.push(values));
  }
  const [first = {}, second = {}, third = {}] = runs;
  const movedBetween = (a: typeof first, b: typeof first) =>
    new Set(
      Object.keys(a)
        .filter((path) => a[path]?.join() !== b[path]?.join())
        .map((path) => path.split('/')[0]),
    );
  expect(movedBetween(first, second)).toEqual(new Set(['trunk', 'heads']));
  expect(movedBetween(second, third)).toEqual(new Set(['auxiliary']));
});

test("a user's own tf.LayersModel keeps to the rules", async () => {
  const build = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          inputShape: [4],
          units: 6,
          activation: 'relu',
          kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
        }),
        tf.layers.batchNormalization(),
      ],
    });
  const model = build();
  const options = { tasks, sharing: tinySharing(layersModel(model)), balancing: pcgrad() };
  await trained(options, train, { epochs: 2, batchSize: 8 }, ({ trainer }) => {
    expect(trainer.history?.tasks.a?.trainLoss.every(Number.isFinite)).toBe(true);
    expect(trainer.parameters?.layout.stateSize).toBeGreaterThan(0);
  });
  model.dispose();
});

test('a single task under gradient balancing: everything is shared, one weight', async () => {
  const options = { tasks: toyTasks('a'), sharing: tinySharing(mlp([5])), balancing: pcgrad() };
  await trained(options, toyTable(['a'], 8), { epochs: 1, batchSize: 4 }, ({ events, trainer }) => {
    expect(events.map(({ weights }) => weights)).toEqual([{ a: 1 }, { a: 1 }]);
    const { layout } = trainer.parameters ?? {};
    expect(layout?.sharedSize).toBe(layout?.size);
  });
});

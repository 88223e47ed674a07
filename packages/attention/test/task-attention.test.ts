import {
  adam,
  buildEncoder,
  buildHeads,
  buildTaskInputs,
  convNet,
  createTrainer,
  defineSharing,
  hostTensor,
  type InputSpecs,
  mlp,
  regression,
  type SharingStrategy,
  tableDataset,
} from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { taskAttention } from '../src/task-attention.js';
import { bind, listed, product, softmax } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([3], { activation: 'tanh' });
const make = () => taskAttention({ encoder });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);
const ownData = conformance('sharing', () => taskAttention({ encoder, by: 'task' }), { perTaskData: true });
for (const { name, run } of ownData.filter((check) => /trains|a variable reach/.test(check.name))) {
  test(`a data set per task: ${name}`, run);
}

const x = [
  [1, 2],
  [-3, 0.5],
];
const rows = { x: hostTensor(x.flat(), [2, 2]) };
const tasks = [regression('a', { standardize: false }), regression('b', { standardize: false })];

/** One trunk, whose features are multiplied by numbers of each task before its head; trained some steps. */
async function trainedOn(sharing: SharingStrategy) {
  const train = tableDataset({ inputs: rows, columns: { a: Float32Array.of(1, 2), b: Float32Array.of(0, 1) } });
  const trainer = await createTrainer({ tasks, sharing, optimizer: adam({ learningRate: 0.1 }), seed: 3 });
  const history = await trainer.fit(train, { epochs: 4, batchSize: 2 });
  const paths = (trainer.parameters?.layout.segments ?? []).map(({ path }) => path).sort();
  const values = await Promise.all(
    paths.map(async (path) => Array.from((await trainer.parameters?.read(path))?.data ?? [])),
  );
  const predicted = await trainer.predict(rows);
  trainer.dispose();
  return { losses: tasks.map(({ name }) => history.tasks[name]?.trainLoss as number[]), paths, values, predicted };
}

const scaledHard = (scales: { readonly [task: string]: readonly number[] }) =>
  defineSharing({
    name: 'scaled-hard',
    bind({ tasks: all, inputs, scope }) {
      const { specs, applyShared } = buildTaskInputs(scope, all, inputs);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const heads = buildHeads(scope, all, trunk.output);
      return {
        forward(tensors, step) {
          const { features } = applyShared(tensors, step, trunk.apply);
          const scaled = Object.entries(features).map(([name, one]) => [
            name,
            scales[name] === undefined ? one : tf.mul(one, tf.tensor1d([...scales[name]])),
          ]);
          return heads.apply(Object.fromEntries(scaled), step);
        },
      };
    },
  });

test('with α fixed at 1 it is hard sharing, in every number of a training run', async () => {
  expect(await trainedOn(taskAttention({ encoder, alpha: { a: 1, b: 1 } }))).toEqual(
    await trainedOn(plainSharing(encoder)),
  );
});

test('with α fixed it is hard sharing on scaled features', async () => {
  const alpha = { a: [0.5, 0, 2], b: [1, -1, 3] };
  expect(await trainedOn(taskAttention({ encoder, alpha }))).toEqual(await trainedOn(scaledHard(alpha)));
});

test('starts as hard sharing and learns to differ', async () => {
  const { losses, paths } = await trainedOn(taskAttention({ encoder }));
  const hard = await trainedOn(plainSharing(encoder));
  expect(losses.map(([first]) => first)).toEqual(hard.losses.map(([first]) => first));
  expect(losses[0]?.[3]).not.toBe(hard.losses[0]?.[3]);
  expect(paths).toContain('attention/a/kernel');
});

test.each(['sigmoid', 'softmax'] as const)('weighs features by the %s of a layer of the task', (normalize) => {
  const { forward, values, set, usedBy, dispose } = bind(taskAttention({ encoder, normalize }), ['a', 'b']);
  set('attention/a/kernel', [0.1, -0.4, 0.3, 0.7, 0.2, 0, -0.5, 0.6, 1]);
  set('attention/a/bias', [0.2, 0, -0.3]);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const shared = product(x, values('trunk/dense0/kernel')).map((row) => row.map(Math.tanh));
  const alpha = product(shared, values('attention/a/kernel')).map((row) => {
    const logits = row.map((value, j) => value + ([0.2, 0, -0.3][j] as number));
    return normalize === 'sigmoid'
      ? logits.map((logit) => 2 / (1 + Math.exp(-logit)))
      : softmax(logits).map((share) => 3 * share);
  });
  closeTo(listed(intermediates['attention/a']), alpha);
  closeTo(
    listed(features.a),
    shared.map((row, i) => row.map((value, j) => value * (alpha[i]?.[j] as number))),
  );
  closeTo(listed(features.b), shared);
  expect(usedBy('attention/a/kernel')).toEqual(['a']);
  dispose();
});

test('records the mean of α and how much it differs between features', () => {
  const { bound, forward, set, dispose } = bind(taskAttention({ encoder, by: 'task' }), ['a']);
  const logit = (p: number) => Math.log(p / (1 - p));
  set('attention/a/bias', [0.25, 0.5, 0.75].map(logit));
  const { intermediates } = forward({ x: tf.tensor2d(x) }, { training: true });
  closeTo(listed(intermediates['attention/a']), [
    [0.5, 1, 1.5],
    [0.5, 1, 1.5],
  ]);
  const found = (bound.logged ?? []).map((name) => listed<number>(intermediates[name]));
  closeTo(found, [1, Math.sqrt((0.25 + 0 + 0.25) / 3)]);
  dispose();
});

test('tasks with inputs of their own: the same trunk, and adapters for other shapes', () => {
  const inputs: InputSpecs = { left: { shape: [2], dtype: 'float32' }, right: { shape: [3], dtype: 'float32' } };
  const own = [regression('a', { inputs: ['left'] }), regression('b', { inputs: ['right'] })];
  const sharing = taskAttention({ encoder, adapters: { b: mlp([2]) } });
  const { forward, registered, dispose } = bind(sharing, own, inputs);
  const { features, intermediates } = forward({ left: tf.tensor2d(x), right: tf.tensor2d([[1, 2, 3]]) });
  expect(features.a?.shape).toEqual([2, 3]);
  expect(intermediates['attention/b']?.shape).toEqual([1, 3]);
  expect(registered.filter(({ path }) => path.startsWith('trunk/'))).toHaveLength(2);
  dispose();
});

test('weighs the channels of maps at every position', () => {
  const inputs: InputSpecs = { x: { shape: [6, 6, 1], dtype: 'float32' } };
  const sharing = taskAttention({ encoder: convNet({ filters: [2], kernelSize: 3, dense: [] }) });
  const { forward, variable, dispose } = bind(sharing, ['a'], inputs);
  expect(variable('attention/a/kernel').shape).toEqual([2, 2]);
  expect(forward({ x: tf.ones([1, 6, 6, 1]) }).intermediates['attention/a']?.shape).toEqual([1, 2, 2, 2]);
  dispose();
});

test('refuses α of unknown tasks and of other lengths', () => {
  expect(() => bind(taskAttention({ encoder, alpha: { c: 1 } }), ['a'])).toThrow(/`c`/);
  expect(() => bind(taskAttention({ encoder, alpha: { a: [1, 2] } }), ['a'])).toThrow(
    expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' }),
  );
});

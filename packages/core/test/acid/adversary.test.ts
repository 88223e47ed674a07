import { mlp, perTaskDatasets, sgd } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { ganinSchedule, taskDiscriminator } from './methods/adversary.js';
import { mgda } from './methods/mgda.js';
import { pcgrad } from './methods/pcgrad.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b'];
const tasks = toyTasks(...names);
const sharing = tinySharing(mlp([5], { activation: 'tanh' }));
const train = perTaskDatasets({ a: toyTable(['a'], 12, {}, 'one'), b: toyTable(['b'], 12, {}, 'two') });
const fit = { epochs: 1, batchSize: 24, shuffle: false };
const classifier = 'auxiliary/task-discriminator/classifier/kernel';
const trunk = 'trunk/dense0/kernel';

async function step(lambda: number | undefined, learningRate: number, weight = 1) {
  let found: Record<string, number[]> = {};
  let term: number | undefined;
  const auxiliary = lambda === undefined ? [] : [taskDiscriminator({ schedule: () => lambda, weight })];
  await trained({ tasks, sharing, auxiliary, optimizer: sgd({ learningRate }) }, train, fit, ({ values, events }) => {
    found = values;
    term = events[0]?.terms['task-discriminator'];
  });
  return { found, term };
}

test('gradient reversal: the trunk gets −λ times the gradient, the discriminator its own', async () => {
  const start = await step(1, 1e-30);
  const plain = await step(undefined, 1);
  const runs = [await step(0, 1), await step(0.5, 1), await step(2, 1), await step(2, 1, 0.5)];
  // By hand: gradients of the cross-entropy by trunk and classifier.
  const [byTrunk, byClassifier, loss] = tf.tidy(() => {
    const raw = train.open({ batchSize: 24 }).next();
    const x = tf.tensor2d(raw?.inputs.x?.data as Float32Array, [24, 4]);
    const wanted = tf.oneHot(tf.tensor1d(raw?.rowSource as Int32Array, 'int32'), 2);
    const bias = tf.tensor1d(start.found['trunk/dense0/bias'] ?? []);
    const entropy = (w: tf.Tensor, c: tf.Tensor) => {
      const z = tf.tanh(tf.add(tf.matMul(x, w as tf.Tensor2D), bias));
      return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(tf.matMul(z as tf.Tensor2D, c as tf.Tensor2D)), wanted), 1)));
    };
    const at = [tf.tensor2d(start.found[trunk] ?? [], [4, 5]), tf.tensor2d(start.found[classifier] ?? [], [5, 2])];
    const { value, grads } = tf.valueAndGrads((w, c) => entropy(w as tf.Tensor, c as tf.Tensor))(at);
    return [
      [...(grads[0] as tf.Tensor).dataSync()],
      [...(grads[1] as tf.Tensor).dataSync()],
      value.dataSync()[0] as number,
    ];
  }) as unknown as [number[], number[], number];
  expectClose([start.term ?? 0], [loss]);
  [0, 0.5, 2, 2].forEach((lambda, i) => {
    const weight = i === 3 ? 0.5 : 1;
    const found = runs[i]?.found ?? {};
    const extra = (plain.found[trunk] ?? []).map((value, j) => value - (found[trunk]?.[j] ?? 0));
    expectClose(
      extra,
      byTrunk.map((slope) => -lambda * weight * slope),
      1e-5,
    );
    expectClose(
      found[classifier],
      (start.found[classifier] ?? []).map((value, j) => value - weight * (byClassifier[j] as number)),
      1e-5,
    );
  });
});

test('gradient reversal: λ follows its schedule, and the same through gradient balancing', async () => {
  const schedule = ganinSchedule(10);
  expectClose([schedule(0), schedule(5), schedule(99)], [0, 2 / (1 + Math.exp(-5)) - 1, 2 / (1 + Math.exp(-10)) - 1]);
  for (const balancing of [pcgrad(), mgda({ of: 'representation' })]) {
    const options = { tasks, sharing, balancing, auxiliary: [taskDiscriminator({ schedule })], optimizer: sgd() };
    await trained(options, train, { epochs: 2, batchSize: 8 }, ({ trainer, programs }) => {
      expect(trainer.history?.auxiliary['task-discriminator']?.every((loss) => loss > 0.3 && loss < 1.5)).toBe(true);
      expect(programs.length).toBe(2 * 6);
    });
  }
});

test('gradient reversal resumes', async () => {
  const options = () => ({ tasks, sharing, auxiliary: [taskDiscriminator({ schedule: ganinSchedule(8) })] });
  await expectResumes(options, train, { epochs: 3, batchSize: 8 }, 5);
});

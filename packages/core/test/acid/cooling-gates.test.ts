import {
  type AnyTask,
  buildDense,
  buildHead,
  createTrainer,
  defineSharing,
  hostTensor,
  type InputSpec,
  sgd,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b'];
const tasks = toyTasks(...names);
const train = toyTable(names, 8);

/** Two experts and one gate, whose temperature falls from 1 to a tenth over the run; it logs the gate's entropy. */
const cooling = defineSharing({
  name: 'cooling',
  bind({ tasks: all, inputs, scope }) {
    const x = inputs.x as InputSpec;
    const experts = [0, 1].map((i) => buildDense(scope.child(`expert${i}`), x, 3));
    const gate = buildDense(scope.child('gate'), x, 2);
    const heads = all.map((task) =>
      buildHead(scope.child('heads').child(task.name, { usedBy: [task.name] }), task, { shape: [3], dtype: 'float32' }),
    );
    return {
      feeds: ({ step, totalSteps }) => ({ temperature: hostTensor(0.1 ** (step / ((totalSteps ?? 2) - 1))) }),
      logged: ['entropy'],
      forward(inputsOf, step, { temperature }: { temperature: tf.Tensor }) {
        const rows = inputsOf.x as tf.Tensor;
        const shares = tf.softmax(tf.div(gate.apply(rows, step), temperature));
        const stacked = tf.stack(
          experts.map((expert) => expert.apply(rows, step)),
          2,
        );
        const shared = tf.sum(tf.mul(stacked, tf.expandDims(shares, 1)), 2);
        const given = heads.map((head, k) => [all[k]?.name ?? '', head.apply(shared, step)] as const);
        const entropy = tf.neg(tf.mean(tf.sum(tf.mul(shares, tf.log(shares)), 1)));
        return {
          outputs: Object.fromEntries(given.map(([name, { outputs }]) => [name, outputs])),
          features: Object.fromEntries(given.map(([name, { features }]) => [name, features])),
          shared,
          intermediates: { gate: shares, entropy, temperature },
        };
      },
    };
  },
});

const options = { tasks: tasks as readonly AnyTask[], sharing: cooling, optimizer: sgd({ learningRate: 0.1 }) };
const fit = { epochs: 3, batchSize: 4 };

test('a cooled model stays cool when it is measured, predicts, is looked at, saved and exported', async () => {
  const x = hostTensor(
    Array.from({ length: 8 }, (_, i) => i / 4 - 1),
    [2, 4],
  );
  await trained(options, train, fit, async ({ trainer, checkpoint, events }) => {
    const seen = await trainer.inspect({ x });
    expectClose(seen.intermediates.temperature?.data, [0.1]);
    expect(seen.intermediates.gate?.shape).toEqual([2, 2]);
    expect(seen.shared?.shape).toEqual([2, 3]);
    expect(Object.keys(seen.outputs)).toEqual(names);
    // By the softmax of what the gate gives, at a tenth.
    const [kernel, bias] = await Promise.all(
      ['gate/kernel', 'gate/bias'].map((path) => trainer.parameters?.read(path)),
    );
    const gate = tf.tidy(() => {
      const logits = tf.add(
        tf.matMul(tf.tensor2d(x.data as Float32Array, [2, 4]), tf.tensor2d(kernel?.data as Float32Array, [4, 2])),
        tf.tensor1d(bias?.data as Float32Array),
      );
      return Array.from(tf.softmax(tf.div(logits, 0.1)).dataSync());
    });
    expectClose(seen.intermediates.gate?.data, gate, 1e-4);
    const entropies = trainer.history?.logged['cooling/entropy'] as number[];
    expect(entropies).toHaveLength(3);
    expect(entropies.every((entropy) => entropy > 0 && entropy <= Math.log(2) + 1e-6)).toBe(true);
    expectClose(
      [((events[0]?.logged['cooling/entropy'] ?? 0) + (events[1]?.logged['cooling/entropy'] ?? 0)) / 2],
      [entropies[0] as number],
    );

    const predicted = await trainer.predict({ x });
    const model = await trainer.model();
    expect(model.reached).toEqual({ step: 5, epoch: 2, totalSteps: 6, totalEpochs: 3, stepsPerEpoch: 2 });
    const others = [await createTrainer(options), await createTrainer(options)] as const;
    await others[0].loadModel(structuredClone(model));
    await others[1].restore(checkpoint);
    for (const other of others) {
      expectClose((await other.predict({ x })).a as number[], predicted.a as number[], 1e-5);
      other.dispose();
    }
    // What an exporter gets takes inputs alone.
    const { program } = await trainer.inference();
    const exported = tf.tidy(() => {
      const feeds = { 'input/x': tf.tensor2d(x.data as Float32Array, [2, 4]) };
      return Array.from(program.run(feeds, { uniform: () => tf.scalar(0) })['prediction/a']?.dataSync() ?? []);
    });
    expectClose(exported, predicted.a as number[], 1e-5);
  });
});

test('annealed gates resume', async () => {
  await expectResumes(() => options, train, fit, 3);
});

/**
 * A task and a metric of one's own: quantile regression.
 *
 * How long does a delivery take, usually and at worst? Two tasks learn the median and the 90 % quantile of the same column.
 *
 *     npx tsx --conditions=polytask:source custom-task.ts
 */
import {
  adam,
  cosineDecay,
  createTrainer,
  defineMetric,
  defineTask,
  mlp,
  tableDataset,
  uniformStream,
} from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';

/** Share of rows that are not above the prediction; right when it equals the quantile's level. */
function coverage() {
  return defineMetric({
    name: 'coverage',
    better: 'none',
    start() {
      let below = 0;
      let total = 0;
      return {
        update({ predictions, targets, weights }) {
          weights.forEach((weight, row) => {
            total += weight;
            if ((targets.data[row] as number) <= (predictions.data[row] as number)) below += weight;
          });
        },
        result: () => below / total,
      };
    },
  });
}

/** Mean pinball loss: what the task minimises, in the units of the data. */
function pinball(level: number) {
  return defineMetric({
    name: 'pinball',
    better: 'lower',
    start() {
      let sum = 0;
      let total = 0;
      return {
        update({ predictions, targets, weights }) {
          weights.forEach((weight, row) => {
            const above = (targets.data[row] as number) - (predictions.data[row] as number);
            total += weight;
            sum += weight * Math.max(level * above, (level - 1) * above);
          });
        },
        result: () => sum / total,
      };
    },
  });
}

/** A quantile of a number: the loss is level · e above the prediction and (1 − level) · e below, for an error of size e. */
function quantile<const Name extends string>(name: Name, options: { level: number; column?: string }) {
  const { level, column = name } = options;
  return defineTask({
    name,
    type: 'quantile',
    options: { level },
    column,
    target: { shape: [], dtype: 'float32' },
    outputs: { value: [1] },
    loss(outputs, target) {
      const above = tf.sub(target, tf.reshape(outputs.value as tf.Tensor, [-1]));
      return tf.maximum(tf.mul(above, level), tf.mul(above, level - 1));
    },
    predict: (outputs) => tf.reshape(outputs.value as tf.Tensor, [-1]),
    decode: ({ data }) => Array.from(data),
    metrics: [pinball(level), coverage()],
    primaryMetric: 'pinball',
  });
}

// Minutes of a delivery over a distance x: 2 + x, and up to 1 + 2x more, each delay as likely as any other.
const random = uniformStream(1, 'deliveries');
const distance = Float32Array.from({ length: 3000 }, random);
const minutes = distance.map((x) => 2 + x + (1 + 2 * x) * random());
const rows = (from: number, to: number) =>
  tableDataset({
    inputs: { distance: { data: distance.subarray(from, to), shape: [to - from, 1] } },
    columns: { minutes: minutes.subarray(from, to) },
  });

const trainer = await createTrainer({
  tasks: [
    quantile('usually', { level: 0.5, column: 'minutes' }),
    quantile('atWorst', { level: 0.9, column: 'minutes' }),
  ],
  sharing: hardSharing({ encoder: mlp([16]) }),
  optimizer: adam({ learningRate: 0.01, schedule: cosineDecay(1200) }),
  seed: 1,
});
await trainer.fit(rows(0, 2000), { epochs: 30, batchSize: 50 });

const { usually, atWorst } = (await trainer.evaluate(rows(2000, 3000))).tasks;
console.log(`coverage  usually ${usually.coverage.toFixed(2)}  at worst ${atWorst.coverage.toFixed(2)}`);
const middle = await trainer.predict({ distance: { data: Float32Array.of(0.5), shape: [1, 1] } });
console.log(`x = 0.5   usually ${middle.usually[0]?.toFixed(1)}   at worst ${middle.atWorst[0]?.toFixed(1)}`);
console.log('truth     usually 3.5   at worst 4.3');
trainer.dispose();

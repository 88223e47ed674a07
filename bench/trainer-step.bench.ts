// What a step of the trainer costs over the same step written by hand in plain tfjs, on the same backend, in one run.
// Network: trunk 784-128-64, heads 32-10 and 32-10, Adam.
import '@tensorflow/tfjs-backend-wasm';
import { classification, eager, mlp, tableDataset, uniformFloats, uniformStream } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { loadTfjsNode } from './contenders/executors.js';
import { type SteppedTrainer, steppedTrainer } from './contenders/trainer.js';
import { type Contender, interleave, table } from './measure.js';

const rows = 4096;
const pixels = uniformFloats(rows * 784, 'bench', 'pixels');
const draw = uniformStream('bench', 'labels');
const left = Int32Array.from({ length: rows }, () => Math.floor(draw() * 10));
const right = Int32Array.from({ length: rows }, () => Math.floor(draw() * 10));

/** The step as somebody would write it: variables, `tf.train.adam`, two cross entropies, batches from typed arrays, losses read. */
function byHand(batch: number): Contender {
  const dense = (inputs: number, outputs: number) => {
    const limit = Math.sqrt(6 / (inputs + outputs));
    return {
      kernel: tf.variable(tf.randomUniform([inputs, outputs], -limit, limit)),
      bias: tf.variable(tf.zeros([outputs])),
    };
  };
  type Dense = ReturnType<typeof dense>;
  const trunk = [dense(784, 128), dense(128, 64)];
  const heads = [0, 1].map(() => [dense(64, 32), dense(32, 10)]);
  const apply = (x: tf.Tensor, { kernel, bias }: Dense) =>
    tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias);
  const optimizer = tf.train.adam(1e-3);
  let position = 0;
  return {
    name: 'by hand in tfjs',
    async step() {
      const from = position;
      position = (position + batch) % (rows - batch);
      const x = tf.tensor2d(pixels.subarray(from * 784, (from + batch) * 784), [batch, 784]);
      const targets = [left, right].map((ids) => tf.tensor1d(ids.subarray(from, from + batch), 'int32'));
      let parts: tf.Tensor[] = [];
      const cost = optimizer.minimize(() => {
        let features: tf.Tensor = x;
        for (const layer of trunk) features = tf.relu(apply(features, layer));
        const losses = heads.map(([hidden, output], k) => {
          const logits = apply(tf.relu(apply(features, hidden as Dense)), output as Dense);
          return tf.losses.softmaxCrossEntropy(tf.oneHot(targets[k] as tf.Tensor1D, 10), logits);
        });
        parts = losses.map((loss) => tf.keep(tf.clone(loss)));
        return tf.addN(losses) as tf.Scalar;
      }, true) as tf.Scalar;
      for (const part of parts) await part.data();
      tf.dispose([x, ...targets, cost, ...parts]);
    },
  };
}

/** The trainer on the same network and data. */
function byTrainer(batch: number): Promise<SteppedTrainer> {
  const dataset = tableDataset({ inputs: { x: { data: pixels, shape: [rows, 784] } }, columns: { left, right } });
  const options = {
    tasks: [classification('left', { classes: 10 }), classification('right', { classes: 10 })],
    sharing: hardSharing({ encoder: mlp([128, 64]), head: mlp([32]) }),
    executor: eager(),
  };
  return steppedTrainer('trainer', options as never, dataset, batch);
}

const turns = Number(process.env.BENCH_TURNS ?? 200);
const nodeMissing = await loadTfjsNode(2);
if (nodeMissing !== undefined) console.log(`Skipped: ${nodeMissing}\n`);
for (const backend of ['wasm', 'cpu', ...(nodeMissing === undefined ? ['tensorflow'] : [])]) {
  await tf.setBackend(backend);
  await tf.ready();
  for (const batch of [32, 128]) {
    const hand = byHand(batch);
    const trainer = await byTrainer(batch);
    const count = backend === 'cpu' ? Math.min(turns, 30) : turns;
    const timings = await interleave([hand, trainer], { turns: count, warmup: 10 });
    console.log(table(`Trainer step against plain tfjs, ${backend}, batch ${batch}`, timings));
    await trainer.stop();
  }
}

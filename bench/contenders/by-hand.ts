import * as tf from '@tensorflow/tfjs';
import type { Contender } from '../measure.js';
import type { parts, Work } from './works.js';

type Layer = (x: tf.Tensor) => tf.Tensor;

/**
 * The step as somebody would write it in plain tfjs: variables, `tf.train.adam`, a cross entropy per task, batches from typed
 * arrays, losses read.
 */
export function byHand(work: Work, { data, columns }: ReturnType<typeof parts>, backend: string): Contender {
  const { batch, classes, input } = work;
  const { features, width } = trunkOf(work);
  const heads = classes.map((count) => chain([...work.head, count], width, false));
  const optimizer = tf.train.adam(1e-3);
  const size = input.shape.reduce((a, b) => a * b, 1);
  const targets = Object.values(columns);
  const rows = (targets[0] as Int32Array).length;
  let position = 0;
  return {
    name: `tfjs by hand, ${backend === 'tensorflow' ? 'tfjs-node' : backend}`,
    before: () => tf.setBackend(backend),
    async step() {
      const from = position;
      position = position + 2 * batch <= rows ? position + batch : 0;
      const x = tf.tensor(
        data.subarray(from * size, (from + batch) * size),
        [batch, ...input.shape],
        input.categories === undefined ? 'float32' : 'int32',
      );
      const labels = targets.map((ids) => tf.tensor1d(ids.subarray(from, from + batch), 'int32'));
      let parts: tf.Tensor[] = [];
      const cost = optimizer.minimize(() => {
        const shared = features(x);
        const losses = heads.map((head, k) => {
          const target = tf.oneHot(labels[k] as tf.Tensor1D, classes[k] as number);
          return tf.losses.softmaxCrossEntropy(target, head(shared));
        });
        parts = losses.map((loss) => tf.keep(tf.clone(loss)));
        return tf.addN(losses) as tf.Scalar;
      }, true) as tf.Scalar;
      for (const part of parts) await part.data();
      tf.dispose([x, ...labels, cost, ...parts]);
    },
  };
}

function trunkOf({ trunk, input, vectors = 0 }: Work): { features: Layer; width: number } {
  if (trunk === 'lenet') {
    const first = conv(1, 10);
    const second = conv(10, 20);
    const last = chain([50], 320, true);
    return { features: (x) => last(tf.reshape(second(first(x)), [x.shape[0] as number, 320])), width: 50 };
  }
  if (trunk === 'embedding') {
    const table = tf.variable(tf.randomNormal([input.categories as number, vectors]));
    return { features: (ids) => tf.sum(tf.gather(table, tf.cast(ids, 'int32')), 1), width: vectors };
  }
  return { features: chain(trunk, input.shape[0] as number, true), width: trunk.at(-1) as number };
}

/** Dense layers with a ReLU between them, and after the last one where asked for. */
function chain(widths: readonly number[], inputs: number, last: boolean): Layer {
  let before = inputs;
  const layers = widths.map((width, i): Layer => {
    const kernel = weights([before, width], before + width);
    const bias = tf.variable(tf.zeros([width]));
    before = width;
    const apply: Layer = (x) => tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias);
    return i + 1 < widths.length || last ? (x) => tf.relu(apply(x)) : apply;
  });
  return (x) => layers.reduce((features, layer) => layer(features), x);
}

/** A convolution of 5×5, the maximum of 2×2, ReLU. */
function conv(inputs: number, outputs: number): Layer {
  const kernel = weights([5, 5, inputs, outputs], 25 * (inputs + outputs));
  const bias = tf.variable(tf.zeros([outputs]));
  return (x) => {
    const found = tf.add(tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'valid'), bias);
    return tf.relu(tf.maxPool(found as tf.Tensor4D, 2, 2, 'valid'));
  };
}

function weights(shape: number[], fans: number): tf.Variable {
  const limit = Math.sqrt(6 / fans);
  return tf.variable(tf.randomUniform(shape, -limit, limit));
}

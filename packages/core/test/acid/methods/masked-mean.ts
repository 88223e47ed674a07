import { buildDense, buildEmbedding, defineEncoder, type Encoder, type InputSpec } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Tokens to vectors, a dense layer at each, and the mean over those that are there: rows may differ in length. */
export function maskedMean(input: string, { size = 4, units = 5 } = {}): Encoder {
  return defineEncoder({
    name: 'masked-mean',
    options: { input, size, units },
    stages: () => [
      {
        name: 'embed',
        build(scope, inputs) {
          const tokens = inputs[input] as InputSpec;
          const mask = tokens.mask as string;
          const embedding = buildEmbedding(scope, tokens, tokens.vocabulary as number, size);
          return {
            output: embedding.output,
            named: { mask: inputs[mask] as InputSpec },
            apply: (x, step) => ({
              features: embedding.apply(x[input] as tf.Tensor, step),
              mask: x[mask] as tf.Tensor,
            }),
          };
        },
      },
      {
        name: 'project',
        build(scope, inputs) {
          const layer = buildDense(scope, inputs.features as InputSpec, units, { activation: 'tanh' });
          return { output: layer.output, apply: (x, step) => layer.apply(x.features as tf.Tensor, step) };
        },
      },
      {
        name: 'pool',
        takes: ['mask'],
        build: (_, { features }) => ({
          output: { shape: [features?.shape.at(-1) as number], dtype: 'float32' },
          apply({ features: at, mask }) {
            const there = tf.expandDims(mask as tf.Tensor, 2);
            const total = tf.sum(tf.mul(at as tf.Tensor, there), 1);
            return tf.div(total, tf.maximum(tf.sum(there, 1), 1));
          },
        }),
      },
    ],
  });
}

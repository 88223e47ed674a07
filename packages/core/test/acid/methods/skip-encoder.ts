import { buildActivation, buildConv2d, defineEncoder, type Encoder, type InputSpec, type Stage } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/**
 * Ronneberger et al. 2015 in small: stages go down by strides and give what they saw as a skip; stages on the way up double the
 * image and take the skip of their height.
 */
export function skipEncoder(filters: readonly number[], input = 'image'): Encoder {
  const down = filters.map(
    (count, level): Stage => ({
      name: `down${level}`,
      build(scope, inputs) {
        const x = level === 0 ? input : 'features';
        const seen = inputs[x] as InputSpec;
        const conv = buildConv2d(scope, seen, count, { strides: 2, padding: 'same', activation: 'relu' });
        return {
          output: conv.output,
          named: { [`skip${level}`]: seen },
          apply(tensors, step) {
            const image = tensors[x] as tf.Tensor;
            return { features: conv.apply(image, step), [`skip${level}`]: image };
          },
        };
      },
    }),
  );
  const up = filters.map((_, place): Stage => {
    const level = filters.length - 1 - place;
    const skip = `skip${level}`;
    return {
      name: `up${level}`,
      takes: [skip],
      build(scope, inputs) {
        const [low, high] = [inputs.features as InputSpec, inputs[skip] as InputSpec];
        const [height = 0, width = 0, channels = 0] = high.shape;
        const joined = [height, width, channels + (low.shape[2] as number)];
        const conv = buildConv2d(scope, { shape: joined, dtype: 'float32' }, filters[level] as number, {
          padding: 'same',
        });
        const active = buildActivation(conv.output, 'relu');
        return {
          output: active.output,
          apply(tensors, step) {
            const small = tensors.features as tf.Tensor4D;
            const [rows, h, w, c] = small.shape;
            // Every pixel four times.
            const wide = tf.reshape(tf.stack([small, small], 3), [rows, h, 2 * w, c]);
            const doubled = tf.reshape(tf.stack([wide, wide], 2), [rows, 2 * h, 2 * w, c]) as tf.Tensor4D;
            return active.apply(conv.apply(tf.concat([doubled, tensors[skip] as tf.Tensor4D], 3), step), step);
          },
        };
      },
    };
  });
  return defineEncoder({ name: 'skip-encoder', options: { filters, input }, stages: () => [...down, ...up] });
}

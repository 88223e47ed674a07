import * as tf from '@tensorflow/tfjs';
import type { Program } from '../contracts/executor.js';

/** Arithmetic on what lives with the executor. */
export const vectorPrograms = {
  /** A Bᵀ, or A Aᵀ where there is no B. */
  gramian: {
    name: 'gramian',
    run: ({ a, b = a }) => ({ gramian: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, false, true) }),
  },
  axpy: {
    name: 'axpy',
    run: ({ target, alpha, gradient }) => ({
      target: tf.add(target as tf.Tensor, tf.mul(alpha as tf.Tensor, gradient as tf.Tensor)),
    }),
  },
  /** Matrices side by side, in the order in which they are fed. */
  join: { name: 'join', run: (pieces) => ({ joined: tf.concat(Object.values(pieces) as tf.Tensor2D[], 1) }) },
  copy: { name: 'copy', run: ({ value }) => ({ copy: tf.clone(value as tf.Tensor) }) },
  dot: { name: 'dot', run: ({ a, b }) => ({ dot: tf.sum(tf.mul(a as tf.Tensor, b as tf.Tensor)) }) },
} satisfies { readonly [name: string]: Program };

import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { BuildScope, Initializer } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { uniform } from './initializers.js';
import type { BuiltLayer } from './layer.js';

/** Largest table whose gradient is a matrix product; see {@link buildEmbedding}. */
const largestDenseTable = 1000;

/** Options of {@link buildEmbedding}. */
export interface EmbeddingOptions {
  /** Initial values of the table. Default: uniform in ±0.05, as Keras. */
  readonly table?: Initializer;
}

/**
 * A learned vector for each of a number of ids:
 *
 * $$y_{r} = E_{x_r}, \qquad \frac{\partial L}{\partial E} = O^\top \frac{\partial L}{\partial y}, \quad O_{r,c} = [x_r = c]$$
 *
 * where E is `table` `[categories, size]`.
 *
 * Shapes: int32 `[rows, ...]` → float32 `[rows, ..., size]`.
 *
 * @remarks The gradient that tfjs has for a gather is `UnsortedSegmentSum`, which its wasm backend lacks and its cpu backend does
 * in one pass per category. Up to 1000 categories the gradient is therefore the matrix product above, on every backend (256 ids
 * of 1000, size 50: cpu below 0.1 s against 2.7 s, wasm 15 ms). Larger tables use tfjs' own gradient: they need the compiled
 * executor or tfjs-node to train, and cannot be trained on wasm.
 * @param scope The layer's own scope; variable `table`.
 * @param input Ids in 0 … categories − 1, int32.
 * @param categories How many ids there are.
 * @param size Length of each vector.
 * @throws `POLYTASK_INVALID_OPTION` unless `categories` and `size` are positive whole numbers and the input is int32.
 * @example
 * ```ts
 * import { buildEmbedding, type BuildScope } from '@polytask/core';
 *
 * const words = (scope: BuildScope) =>
 *   buildEmbedding(scope.child('words'), { shape: [30], dtype: 'int32' }, 800, 16); // [rows, 30] → [rows, 30, 16]
 * ```
 */
export function buildEmbedding(
  scope: BuildScope,
  input: InputSpec,
  categories: number,
  size: number,
  options: EmbeddingOptions = {},
): BuiltLayer {
  requireOption(Number.isInteger(categories) && categories > 0, 'categories', 'a positive whole number', categories);
  requireOption(Number.isInteger(size) && size > 0, 'size', 'a positive whole number', size);
  requireOption(input.dtype === 'int32', 'input.dtype', "'int32'", input.dtype, 'Category ids are whole numbers.');
  const table = scope.variable('table', [categories, size], options.table ?? uniform(0.05));
  const lookUp = categories <= largestDenseTable ? gatherWithDenseGradient : tf.gather;
  return {
    output: { shape: [...input.shape, size], dtype: 'float32' },
    apply(x) {
      const vectors = lookUp(table, tf.reshape(x, [-1]) as tf.Tensor1D);
      return input.shape.length === 0 ? vectors : tf.reshape(vectors, [...x.shape, size]);
    },
  };
}

/** `tf.gather` whose gradient is a product with one-hot rows. */
function gatherWithDenseGradient(table: tf.Tensor, ids: tf.Tensor1D): tf.Tensor {
  const gather = tf.customGrad((...inputs) => {
    const [values, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([ids]);
    return {
      value: tf.gather(values, ids),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        // Cast, since wasm's OneHot writes int32 whatever dtype it is asked for.
        const oneHot = tf.cast(tf.oneHot(saved[0] as tf.Tensor1D, table.shape[0] as number), 'float32');
        return tf.matMul(oneHot as tf.Tensor2D, dy as tf.Tensor2D, true);
      },
    };
  });
  return gather(table);
}

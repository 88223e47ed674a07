import * as tf from '@tensorflow/tfjs';

/**
 * Makes one tensor of several with the same columns, and gives each back as a part of it, so that what is computed from the
 * parts has a gradient with respect to the whole.
 *
 * Shapes: n times `[rows_i, ...]` → joined `[Σ rows_i, ...]`, parts as they came.
 *
 * @param parts At least one; a single one is returned as it is.
 * @example
 * ```ts
 * import { joinRows } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * joinRows([tf.zeros([2, 3]), tf.zeros([5, 3])]).joined.shape; // => [7, 3]
 * ```
 */
export function joinRows(parts: readonly tf.Tensor[]): { joined: tf.Tensor; parts: readonly tf.Tensor[] } {
  if (parts.length === 1) return { joined: parts[0] as tf.Tensor, parts };
  const joined = tf.concat([...parts], 0);
  return {
    joined,
    parts: tf.split(
      joined,
      parts.map((part) => part.shape[0] as number),
      0,
    ),
  };
}

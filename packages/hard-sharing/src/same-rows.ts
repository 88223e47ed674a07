import { ShapeMismatchError } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';

/**
 * Refuses tensors of tasks that are to be put together row by row, but are not of the same rows.
 *
 * @throws `POLYTASK_SHAPE_MISMATCH`.
 */
export function requireSameRows(what: string, tensors: readonly tf.Tensor[]): void {
  const rows = tensors[0]?.shape[0] ?? 0;
  for (const { shape } of tensors) {
    if (shape[0] === rows) continue;
    const advice = 'These tasks need the same rows: give them the same inputs, and no data sets of their own.';
    throw new ShapeMismatchError(what, [rows, ...shape.slice(1)], shape, advice);
  }
}

import { compact, projectOnSimplex } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { belowWhereAbsent } from '../present.js';
import { sumOf } from './dense.js';

/**
 * Weights on the simplex of which some move: those of the tasks present go to the nearest point with the sum that they had, and the others stay.
 *
 * @param shares `[K]`, not negative.
 * @param wanted Where those present would go `[K']`.
 * @returns `[K]`.
 */
export function moveShares(
  shares: ArrayLike<number>,
  tasks: readonly number[],
  wanted: ArrayLike<number>,
): Float64Array {
  const moved = Float64Array.from(shares);
  const total = sumOf(compact(shares, tasks));
  if (total <= 0) return moved;
  projectOnSimplex(Float64Array.from(wanted, (value) => value / total)).forEach((value, i) => {
    moved[tasks[i] as number] = value * total;
  });
  return moved;
}

/**
 * {@link moveShares} in tfjs. The threshold of the nearest point of a simplex is the largest of $(\sum_{x_j \ge x_i} x_j - 1) / n_i$ over all i, where n_i
 * counts the same j; no sorting is needed.
 *
 * Shapes: `[K]`, `[K]`, `[K]` → `[K]`.
 *
 * @param active 1 for tasks that are present, else 0.
 */
export function moveShareTensors(shares: tf.Tensor1D, active: tf.Tensor1D, wanted: tf.Tensor1D): tf.Tensor1D {
  const total = tf.sum(tf.mul(shares, active));
  const there = tf.greater(active, 0.5);
  const values = belowWhereAbsent(tf.divNoNan(wanted, total), active);
  // The largest becomes 0: the others' distance to it is all that counts, however large they are.
  const x = belowWhereAbsent(tf.sub(values, tf.max(values)), active) as tf.Tensor1D;
  const above = tf.mul(
    tf.cast(tf.greaterEqual(tf.expandDims(x, 0), tf.expandDims(x, 1)), 'float32'),
    tf.expandDims(active, 0),
  );
  const sums = tf.sum(tf.mul(above, tf.expandDims(tf.where(there, x, 0), 0)), 1);
  const thresholds = belowWhereAbsent(tf.divNoNan(tf.sub(sums, 1), tf.sum(above, 1)), active);
  const nearest = tf.relu(tf.sub(x, tf.max(thresholds)));
  return tf.where(tf.logicalAnd(there, tf.greater(total, 0)), tf.mul(nearest, total), shares) as tf.Tensor1D;
}

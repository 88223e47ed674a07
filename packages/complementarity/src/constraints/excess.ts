import { choice, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import type { Comparison } from '../comparison.js';

/** What an inequality costs where it does not hold. */
export const excessLossOption = withDefault(
  choice('squared-error', 'absolute-error', 'huber'),
  'squared-error',
  'What it costs, by how far a row is from the constraint.',
);

/** An inequality: by how much something is above 0 is to be nothing. */
export function excess(above: tf.Tensor, unit?: tf.Tensor): Comparison {
  const found = tf.relu(above);
  return { kind: 'amounts', found, wanted: tf.zerosLike(found), unit };
}

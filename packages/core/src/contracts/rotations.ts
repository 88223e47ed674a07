import type * as tf from '@tensorflow/tfjs';

/**
 * Rotations between the shared representation z and the tasks' heads, which see
 *
 * $$ z_k = R_k z, \qquad R_k^\top R_k = I $$
 *
 * on the last axis, or on its leading entries. They are statistics: no gradient moves them, and no optimizer of a run. A balancing that
 * learns them assigns them in `learn`; under any other they stay as they are.
 */
export interface Rotations {
  /** By task R_k `[turned, turned]`, the identity at first: a variable that is not trainable, used by that task alone. */
  readonly matrices: { readonly [task: string]: tf.Variable };
  /** How many of the leading entries of the last axis they turn. */
  readonly turned: number;
  /** Length of the last axis. */
  readonly width: number;
}

import { describePart } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/**
 * Equal weighting: the sum of the losses.
 *
 * $$ L = \sum_k L_k, \qquad w_k = 1 $$
 *
 * where L_k `[K]` are the tasks' losses of the batch.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks What a trainer does without a balancing. It is the sum and not the mean: learning rates are those of a task
 * trained alone.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { equalWeighting } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(equalWeighting(), ['a', 'b']);
 * console.log(balance.loss([tf.scalar(2), tf.scalar(4)]).dataSync()); // => Float32Array(1) [ 6 ]
 * balance.dispose();
 * ```
 */
export const equalWeighting = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'equal-weighting',
  summary: 'Adds the losses: every task counts the same.',
  options: {},
  make: () => ({ bind: () => ({ scalarize: (losses) => tf.sum(losses) }) }),
});

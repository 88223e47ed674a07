import {
  type Aggregated,
  type Described,
  describeFactory,
  type GradientBalancing,
  type LossWeighting,
  part,
  required,
  requireOption,
  withArguments,
  wrapBalancing,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { logLosses, smallestLoss } from './log-losses.js';

/** What can be made to work on logarithms. */
type Transformable = LossWeighting | GradientBalancing;

const name = 'log-transform';

const onLogs = describeFactory(
  'gradient-balancing',
  {
    name,
    summary: 'Any loss weighting or gradient balancing, on the logarithms of the losses.',
    options: {
      inner: required(
        part('loss-weighting', 'gradient-balancing'),
        'The method that weighs or combines the logarithms.',
      ),
    },
  },
  ({ inner }): Transformable => {
    requireOption(
      inner.leastLoss === undefined,
      'inner',
      'a method for losses of any sign: logarithms are negative too',
      inner,
    );
    return inner.kind === 'loss-weighting' ? ofLosses(inner) : ofGradients(inner);
  },
);

/**
 * Any method on the logarithms of the losses: no task counts more for the unit of its loss.
 *
 * $$ L_k \to \log L_k, \qquad g_k \to \frac{g_k}{L_k}, \qquad w_k = \frac{w_k'}{L_k} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch, and g_k the gradients of what they share,
 * - w' are the weights that the method within gives.
 *
 * Shapes: those of the method inside.
 *
 * @remarks Gives `log_mgda`, `log_cagrad` and their like of the FAMO repository. Parameters of a single task get what
 * `headGradients` of the method within says of the loss itself, not of its logarithm. Mean losses of epochs are shown
 * to the method within as they are. A loss of 0 has weight 0: there is nothing left to learn of that batch.
 * @param inner A loss weighting or a gradient balancing.
 * @throws `POLYTASK_INVALID_OPTION` for other parts, and for methods that are not defined for losses below 0;
 * `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { logTransform, pcgrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(logTransform(pcgrad()), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[3, 0], [0, 1]]), [1, 3]);
 * console.log(weights); // => Float64Array(2) [ 1.5, 0.5 ]
 * balance.dispose();
 * ```
 */
export const logTransform = /* @__PURE__ */ withArguments(onLogs, (inner: Transformable) => ({ inner })) as Described &
  (<Inner extends Transformable>(inner: Inner) => Inner);

function ofLosses(inner: LossWeighting): LossWeighting {
  return wrapBalancing(inner, {
    name,
    leastLoss: 0,
    bind: (bound) => ({
      scalarize: (losses, active, feeds) => bound.scalarize(logLosses(losses, active) as tf.Tensor1D, active, feeds),
      ...(bound.observe && {
        observe(report, step) {
          bound.observe?.({ ...report, losses: Float64Array.from(report.losses, logOf) }, step);
        },
      }),
    }),
  });
}

function ofGradients(inner: GradientBalancing): GradientBalancing {
  return wrapBalancing(inner, {
    name,
    leastLoss: 0,
    bind: (bound) => ({
      ...(bound.weights && {
        weights(input) {
          const inverse = Float64Array.from(input.losses, (loss) => (loss > smallestLoss ? 1 / loss : 0));
          const k = inverse.length;
          const of = (at: number) => inverse[at] as number;
          const gramian = input.gramian.map((product, at) => product * of(Math.floor(at / k)) * of(at % k));
          const parts = input.parts?.map((own, i) => own.map((product) => product * of(i) * of(i)));
          const losses = Float64Array.from(input.losses, logOf);
          const found = bound.weights?.({ ...input, gramian, losses, ...(parts && { parts }) });
          return inverse.map((one, i) => one * (found?.[i] as number));
        },
      }),
      ...(bound.aggregate && {
        aggregate(input) {
          const learnable = tf.greater(input.losses, smallestLoss);
          const inverse = tf.where(learnable, tf.div(1, tf.where(learnable, input.losses, 1)), 0);
          const jacobian = tf.mul(input.jacobian, tf.expandDims(inverse, 1)) as tf.Tensor2D;
          const losses = logLosses(input.losses, input.active) as tf.Tensor1D;
          const found = bound.aggregate?.({ ...input, jacobian, losses }) as Aggregated;
          return { ...found, weights: found.weights && tf.mul(found.weights, inverse) };
        },
      }),
    }),
  });
}

function logOf(loss: number): number {
  return Math.log(Math.max(loss, smallestLoss));
}

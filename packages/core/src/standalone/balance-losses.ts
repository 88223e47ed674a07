import * as tf from '@tensorflow/tfjs';
import { scaleWeightTensor } from '../balancing-kit/weight-scale.js';
import type { LossWeighting, ValidationScores } from '../contracts/loss-weighting.js';
import type { StepReport } from '../contracts/step-report.js';
import type { State } from '../contracts/tensors.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { stopGradient } from '../layers/stop-gradient.js';
import { checkPart } from '../model/check-part.js';
import { requireLosses } from '../plans/require-losses.js';
import { constantGradient } from '../programs/tape.js';
import { openPart, type StandaloneOptions } from './open-part.js';

/** A loss weighting in a training loop of one's own. */
export interface BalancedLosses {
  /**
   * One loss of many, for an optimizer of tfjs to minimise: its gradient is Σ w_k ∇L_k with the weights as the method and its scale
   * give them, and that of the method's own variables.
   *
   * @param losses - a scalar per task, in task order; `null` for a task without a label in this batch.
   */
  loss(losses: readonly (tf.Tensor | null)[]): tf.Scalar;
  /** Weights of the last call of `loss`, `[K]`; the caller disposes of them. */
  weights(): tf.Tensor1D;
  /** The method's own variables, which the optimizer has to train too: `optimizer.minimize(f, false, [...own, ...variables])`. */
  readonly variables: readonly tf.Variable[];
  /** Call it after every step, so that draws and annealed numbers go on. */
  stepEnd(): void;
  /** Call it after every epoch with the tasks' mean losses, and scores on validation data where there are any, for methods that look back. */
  epochEnd(meanLosses: ArrayLike<number>, validation?: ValidationScores): Promise<void>;
  saveState(): Promise<State>;
  loadState(state: State): void;
  dispose(): void;
}

/**
 * Binds a loss weighting in somebody's own tfjs training loop, with its state and scale.
 *
 * @param part The loss weighting.
 * @param tasks Names of the tasks, or their definitions for methods that treat kinds of tasks differently.
 * @param options See {@link StandaloneOptions}.
 * @remarks Methods that are not defined for every loss, or remember losses, wait for the device at every call of `loss`.
 * @throws `POLYTASK_WRONG_PART` for another kind of part; `POLYTASK_SHAPE_MISMATCH` for another number of losses;
 * `POLYTASK_LOSS_TOO_LOW` for losses that the method is not defined for.
 * @example
 * ```ts
 * import { balanceLosses, sumOfLosses } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const theta = tf.variable(tf.scalar(0));
 * const balance = balanceLosses(sumOfLosses(), ['a', 'b']);
 * const optimizer = tf.train.sgd(0.25);
 * optimizer.minimize(() => balance.loss([tf.square(tf.sub(theta, 1)), tf.square(tf.sub(theta, 3))]));
 * balance.stepEnd();
 * console.log(theta.dataSync()[0]); // => 2
 * balance.dispose();
 * ```
 */
export function balanceLosses(
  part: LossWeighting,
  tasks: StandaloneOptions['tasks'],
  options: Omit<StandaloneOptions, 'tasks'> = {},
): BalancedLosses {
  checkPart(part, 'part', 'loss-weighting');
  const { bound, names, info, scope, ...rest } = openPart(part, { ...options, tasks });
  const scale = part.scale ?? 'tasks';
  // Reading from the device waits for it, so it is done for methods alone that have to know.
  const reads = part.leastLoss !== undefined || bound.observe !== undefined;
  let seen: StepReport | undefined;
  let weights: tf.Tensor1D | undefined;
  // Numbers of a step are worked out once, however often the loss is.
  let fed: { readonly step: number; readonly feeds: { [name: string]: tf.Tensor } } | undefined;
  const feedsOf = () => {
    const { step } = info();
    if (fed?.step !== step) {
      tf.dispose(fed?.feeds ?? {});
      const numbers = Object.entries(bound.feeds?.(info()) ?? {});
      const feeds = numbers.map(([name, { data, shape }]) => [name, tf.keep(tf.tensor(data, [...shape]))] as const);
      fed = { step, feeds: Object.fromEntries(feeds) };
    }
    return fed.feeds;
  };
  return {
    loss(losses) {
      if (losses.length !== names.length) {
        throw new ShapeMismatchError(
          '`losses`',
          [names.length],
          [losses.length],
          'Give one loss per task, in their order.',
        );
      }
      const feeds = feedsOf();
      return tf.tidy(() => {
        const stacked = tf.stack(losses.map((loss) => loss ?? tf.scalar(0))) as tf.Tensor1D;
        const active = tf.tensor1d(losses.map((loss) => (loss === null ? 0 : 1)));
        const leaf = stopGradient(stacked);
        const [slopes] = constantGradient(() => bound.scalarize(leaf, active, feeds), [leaf]);
        const present = tf.where(tf.greater(active, 0.5), slopes as tf.Tensor1D, 0) as tf.Tensor1D;
        const found = scale === 'tasks' ? scaleWeightTensor(present, active) : present;
        weights?.dispose();
        weights = tf.keep(tf.clone(found));
        if (reads) {
          const values = stacked.dataSync();
          const present = Float64Array.from(losses, (loss, k) => (loss === null ? Number.NaN : (values[k] as number)));
          requireLosses(part, present, names, info().step);
          seen = { losses: present, weights: Float64Array.from(found.dataSync()) };
        }
        // The second part has the gradient of the method's own variables, and the value nought.
        const own = bound.scalarize(leaf, active, feeds);
        return tf.add(tf.sum(tf.mul(stacked, found)), tf.sub(own, stopGradient(own))) as tf.Scalar;
      });
    },
    weights: () => (weights === undefined ? tf.ones([names.length]) : tf.clone(weights)) as tf.Tensor1D,
    variables: scope.registered.map(({ variable }) => variable),
    stepEnd() {
      if (seen !== undefined) bound.observe?.(seen, info());
      seen = undefined;
      rest.stepEnd();
    },
    epochEnd: rest.epochEnd,
    saveState: rest.saveState,
    loadState: rest.loadState,
    dispose() {
      weights?.dispose();
      tf.dispose(fed?.feeds ?? {});
      rest.dispose();
    },
  };
}

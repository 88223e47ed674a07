import {
  byTask,
  choice,
  code,
  defineLossWeighting,
  describeFactory,
  hostTensor,
  number,
  type OptionTable,
  optional,
  plainOptions,
  requireOption,
  type ValidationScores,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { numbersByTask } from '../by-task.js';

/** Weights by the names of tasks. */
export type TaskWeights = { readonly [task: string]: number };

/** What a function of weights gets of the epoch before. */
export interface EpochSeen {
  /** Mean training loss by task; NaN for tasks without a label in that epoch. */
  readonly meanLosses: TaskWeights;
  /** By task: `loss` and metrics on the validation data, where there are any. */
  readonly validation: ValidationScores | undefined;
}

/** Weights of the epoch that begins. `seen` is undefined for the first one. */
export type WeightsOfEpoch = (epoch: number, seen: EpochSeen | undefined) => TaskWeights;

/** Weights that may be changed while a run is under way; see {@link weightHandle}. */
export interface WeightHandle {
  /** As they are now. */
  get(): TaskWeights;
  /** Those named change, from the next step on; the others stay. */
  set(weights: TaskWeights): void;
}

/**
 * Weights of {@link constantWeighting} that can be changed at any time: from a callback, a slider, another program.
 *
 * @remarks A checkpoint has the weights of its moment, and restoring it sets the handle to them.
 * @param start Weights at first. Tasks not named count 1.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { constantWeighting, weightHandle } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const handle = weightHandle({ a: 2 });
 * const balance = balanceLosses(constantWeighting({ changing: handle }), ['a', 'b']);
 * balance.stepEnd();
 * handle.set({ b: 0 });
 * console.log(balance.loss([tf.scalar(1), tf.scalar(1)]).dataSync()); // => Float32Array(1) [ 2 ]
 * balance.dispose();
 * ```
 */
export function weightHandle(start: TaskWeights = {}): WeightHandle {
  let weights = { ...start };
  return {
    get: () => weights,
    set(changed) {
      weights = { ...weights, ...changed };
    },
  };
}

const options = {
  weights: withDefault(byTask(number({ from: 0 }), 'weights'), {}, 'Tasks not named count 1.'),
  changing: optional(
    code<WeightsOfEpoch | WeightHandle>('a function of the epoch, or a weight handle', isChanging),
    'Where weights come from instead, epoch by epoch, or step by step from a handle.',
    'weights stay as they are',
  ),
  scale: withDefault(
    choice('tasks', 'paper'),
    'paper',
    'paper: weights as given; tasks: rescaled so that the weights of the tasks present sum to their number.',
  ),
} satisfies OptionTable;

/**
 * Constant weighting: a weighted sum of the losses.
 *
 * $$ L = \sum_k c_k L_k, \qquad w_k = c_k $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - c_k are numbers of yours: the same for the whole run, or those that a function gives for each epoch, or what a
 *   handle says now.
 *
 * A function gets the number of the epoch that begins, from 0, and what was seen of the one before: mean losses, and
 * metrics on the validation data. It is asked once per epoch.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Unlike other methods it takes weights as they are given unless `scale: 'tasks'` is asked for.
 * @throws `POLYTASK_UNKNOWN_NAME` for weights of tasks that there are not.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { constantWeighting } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(constantWeighting({ weights: { a: 0.5 } }), ['a', 'b']);
 * console.log(balance.loss([tf.scalar(2), tf.scalar(4)]).dataSync()); // => Float32Array(1) [ 5 ]
 * balance.dispose();
 *
 * // The second task comes in over the first ten epochs.
 * constantWeighting({ changing: (epoch) => ({ b: Math.min(1, epoch / 10) }) });
 * ```
 */
export const constantWeighting = /* @__PURE__ */ describeFactory(
  'loss-weighting',
  { name: 'constant-weighting', summary: 'Adds the losses times weights that are given.', options },
  ({ weights: given, changing, scale }) =>
    defineLossWeighting({
      name: 'constant-weighting',
      scale,
      options: plainOptions(options, { weights: given, scale }),
      bind({ tasks }) {
        const handle = typeof changing === 'object' ? changing : undefined;
        const atEpoch = (epoch: number, seen?: EpochSeen): TaskWeights => ({
          ...given,
          ...(typeof changing === 'function' ? changing(epoch, seen) : handle?.get()),
        });
        let weights = atEpoch(0);
        const start = weights;
        vectorOf(tasks, weights);
        const now = () => (handle === undefined ? weights : { ...given, ...handle.get() });
        return {
          feeds: () => ({ weights: hostTensor(vectorOf(tasks, now())) }),
          scalarize: (losses, _active, feeds) => tf.sum(tf.mul(losses, feeds.weights as tf.Tensor)),
          epochEnd({ epoch, meanLosses, validation }) {
            const losses = Object.fromEntries(tasks.map((task, k) => [task, meanLosses[k] as number]));
            weights = atEpoch(epoch + 1, { meanLosses: losses, validation });
          },
          saveState: () => ({ weights: now() }),
          loadState(state: { readonly weights: TaskWeights }) {
            weights = state.weights;
            handle?.set(weights);
          },
          reset() {
            weights = start;
            handle?.set(start);
          },
        };
      },
    }),
);

function isChanging(value: unknown): boolean {
  const handle = value as Partial<WeightHandle> | null;
  return typeof value === 'function' || (typeof handle?.get === 'function' && typeof handle.set === 'function');
}

function vectorOf(tasks: readonly string[], weights: TaskWeights): number[] {
  const found = numbersByTask(tasks, weights, 1, 'weights');
  const bad = found.findIndex((weight) => weight < 0);
  requireOption(bad < 0, `weights.${tasks[bad]}`, 'a number from 0', found[bad]);
  return found;
}

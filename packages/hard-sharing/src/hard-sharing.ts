import {
  buildEncoder,
  buildHead,
  buildTaskInputs,
  defineSharing,
  describeOptions,
  type Encoder,
  type HeadOption,
  headBodies,
  type SharingStrategy,
} from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';
import { joinRows } from './join-rows.js';
import { caruana1997 } from './references.js';
import { requireOptions } from './require-options.js';

/** Options of {@link hardSharing}. */
export interface HardSharingOptions {
  /** The trunk, shared by all tasks. */
  readonly encoder: Encoder;
  /** Hidden layers of each task's head: the same for all tasks, or by task name. Default: none, so that heads are linear. */
  readonly head?: HeadOption;
  /** Encoders by task name, before the trunk, for tasks whose inputs have other shapes than the trunk takes. Default none. */
  readonly adapters?: { readonly [task: string]: Encoder };
}

/**
 * Hard parameter sharing: one trunk for all tasks, one head per task:
 *
 * $$L(\theta_s, \theta_1, \dots, \theta_K) = L_1(\theta_s, \theta_1) + L_2(\theta_s, \theta_2) + \dots + L_K(\theta_s, \theta_K),
 * \qquad \hat y_k = \text{head}_{\theta_k}\big(\text{trunk}_{\theta_s}(x_k)\big)$$
 *
 * where
 * - θ_s are the trunk's parameters (paths `trunk/...`), used by all tasks;
 * - θ_k are those of task k's head (`heads/<task>/...`) and adapter (`adapters/<task>/...`), used by task k only;
 * - x_k are the task's inputs: all of the model, or those that the task names.
 *
 * Shapes: inputs `[rows, ...]` → shared representation `[rows, ...features]` → outputs as each task declares them.
 *
 * @remarks The trunk is applied once to each distinct set of inputs, not once per task. Tasks that name other inputs of the same
 * shapes share it all the same (a data set per task); the shared representation then holds their rows one set after the
 * other, and BatchNorm normalises each set by its own statistics.
 * @param options.encoder The trunk.
 * @param options.head Default none: one linear layer per output. `head: mlp([50])` gives every task a hidden layer.
 * @param options.adapters Default none.
 * @throws `POLYTASK_INVALID_OPTION` for what is no encoder; `POLYTASK_UNKNOWN_NAME` for heads, adapters or inputs of unknown names.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes, and what the encoders throw.
 * @see R. Caruana, "Multitask learning", Machine Learning 28, 1997, https://doi.org/10.1023/A:1007379606734
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * const sharing = hardSharing({ encoder: mlp([64, 32]), head: { price: mlp([16]) } });
 * sharing.name; // => 'hard-sharing'
 * ```
 */
export function hardSharing(options: HardSharingOptions): SharingStrategy {
  requireOptions(options);
  return defineSharing({
    name: 'hard-sharing',
    cites: [caruana1997],
    options: describeOptions(options),
    bind({ tasks, inputs, scope }) {
      const { specs, sources } = buildTaskInputs(scope, tasks, inputs, options.adapters);
      const everyTask = tasks.map((task) => task.name);
      const trunk = buildEncoder(options.encoder, scope.child('trunk', { usedBy: everyTask }), specs);
      const bodyOf = headBodies(options.head, tasks);
      const heads = tasks.map((task) => ({
        task: task.name,
        source: sources.findIndex((source) => source.tasks.includes(task.name)),
        head: buildHead(
          scope.child('heads').child(task.name, { usedBy: [task.name] }),
          task,
          trunk.output,
          bodyOf(task.name),
        ),
      }));
      return {
        forward(tensors, step) {
          const passes = sources.map((source) => trunk.apply(source.select(tensors, step), step));
          const { joined, parts } = joinRows(passes);
          const seen = heads.map(({ task, source, head }) => ({
            task,
            ...head.apply(parts[source] as tf.Tensor, step),
          }));
          return {
            outputs: Object.fromEntries(seen.map(({ task, outputs }) => [task, outputs])),
            features: Object.fromEntries(seen.map(({ task, features }) => [task, features])),
            shared: joined,
            intermediates: {},
          };
        },
      };
    },
  });
}

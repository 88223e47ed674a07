import type * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { StepContext } from '../contracts/encoder.js';
import type { ForwardState } from '../contracts/forward-state.js';
import type { BuildScope } from '../contracts/parameters.js';
import type { AnyTask } from '../contracts/task.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { buildHead, type HeadOption, headBodies } from './head.js';

/** A head for every task, whose variables exist. */
export interface BuiltHeads {
  /**
   * The end of a strategy's `forward`: every task's features through its head.
   *
   * @param features By task `[rows, ...]`.
   * @param more The shared representation and intermediates, where there are any.
   */
  apply(
    features: NamedTensors,
    step: StepContext,
    more?: { readonly shared?: tf.Tensor | undefined; readonly intermediates?: NamedTensors },
  ): ForwardState;
}

/**
 * A head for every task, {@link buildHead}, at `heads/<task>` and used by that task only.
 *
 * Shapes: features `[rows, ...]` by task → outputs as each task declares them.
 *
 * @param scope The strategy's own, from its context.
 * @param tasks The model's tasks.
 * @param features What one row of the features looks like: of all tasks alike, or by task.
 * @param head The strategy's `head` option, see {@link headBodies}. Default none: one linear layer per output.
 * @throws As {@link buildHead} and {@link headBodies}.
 * @example
 * ```ts
 * import { buildEncoder, buildHeads, buildTaskInputs, defineSharing, mlp } from '@polytask/core';
 *
 * const sharing = defineSharing({
 *   name: 'one-trunk',
 *   bind({ tasks, inputs, scope }) {
 *     const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
 *     const trunk = buildEncoder(mlp([64]), scope.child('trunk'), specs);
 *     const heads = buildHeads(scope, tasks, trunk.output);
 *     return {
 *       forward(x, step) {
 *         const { features, shared } = applyShared(x, step, trunk.apply);
 *         return heads.apply(features, step, { shared });
 *       },
 *     };
 *   },
 * });
 * sharing.kind; // => 'sharing'
 * ```
 */
export function buildHeads(
  scope: BuildScope,
  tasks: readonly AnyTask[],
  features: InputSpec | { readonly [task: string]: InputSpec },
  head?: HeadOption,
): BuiltHeads {
  const bodyOf = headBodies(head, tasks);
  const heads = tasks.map((task) => {
    const { name } = task;
    const place = scope.child('heads').child(name, { usedBy: [name] });
    // A task may be called `shape`, but what it has is no list.
    const spec = Array.isArray(features.shape) ? features : (features as { readonly [task: string]: InputSpec })[name];
    return { name, head: buildHead(place, task, spec as InputSpec, bodyOf(name)) };
  });
  return {
    apply(given, step, more) {
      const outputs: Record<string, NamedTensors> = {};
      const seen: Record<string, tf.Tensor> = {};
      for (const { name, head: built } of heads) {
        const found = built.apply(given[name] as tf.Tensor, step);
        outputs[name] = found.outputs;
        seen[name] = found.features;
      }
      return { intermediates: {}, ...more, outputs, features: seen };
    },
  };
}

import * as tf from '@tensorflow/tfjs';
import type { ProgramContext } from '../contracts/executor.js';
import type { ForwardState } from '../contracts/forward-state.js';
import type { TaskConstants } from '../contracts/task.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import type { Model } from '../model/multi-task-model.js';
import { feedsUnder, tensorBatch } from '../training/batch-feeds.js';

/** What one forward pass in training mode gives. */
export interface TrainingPass {
  readonly state: ForwardState;
  /** Of every objective: the tasks, then auxiliary objectives with `asTask`, weighted. 0 for absent tasks. */
  readonly losses: readonly tf.Scalar[];
  /** The auxiliary terms by themselves, in the order of `Model.terms`. */
  readonly terms: readonly tf.Scalar[];
  /** Weighted sum of the terms, which is added after balancing; undefined where there are none. */
  readonly added: tf.Scalar | undefined;
}

/** Runs the model in training mode inside a program. */
export type ForwardPass = (feeds: NamedTensors, context: ProgramContext) => TrainingPass;

/** Makes the forward pass that all training programs of a run begin with. */
export function createForwardPass(model: Model, constants: { readonly [task: string]: TaskConstants }): ForwardPass {
  const { tasks, sharing, auxiliaries } = model;
  return (feeds, context) => {
    const settle = holdStatistics(model, feeds.active as tf.Tensor1D);
    const step = { training: true, uniform: context.uniform };
    const state = sharing.forward(feedsUnder('input', feeds), step, feedsUnder('sharing', feeds));
    settle();
    const losses = tasks.map((task) => {
      const outputs = state.outputs[task.name] as NamedTensors;
      const rows = task.loss(outputs, feeds[`target/${task.name}`] as tf.Tensor, constants[task.name] ?? {});
      const shares = feeds[`share/${task.name}`] as tf.Tensor;
      requireShape(`The loss of task \`${task.name}\`, one number per row,`, rows, shares.shape);
      return tf.sum(tf.mul(rows, shares)) as tf.Scalar;
    });

    const terms: tf.Scalar[] = [];
    let added: tf.Scalar | undefined;
    const batch = tensorBatch(feeds);
    for (const { name, weight, asTask, bound } of auxiliaries) {
      const place = `auxiliary/${name}`;
      const found = bound.loss({
        state,
        batch,
        feeds: feedsUnder(place, feeds),
        step: { training: true, uniform: (path, shape) => context.uniform(`${place}/${path}`, shape) },
      });
      const term = requireShape(`The loss of auxiliary term \`${name}\``, found, []) as tf.Scalar;
      const weighted = weight === 1 ? term : tf.mul<tf.Scalar>(term, weight);
      if (asTask) {
        losses.push(weighted);
        continue;
      }
      terms.push(term);
      added = added === undefined ? weighted : tf.add<tf.Scalar>(added, weighted);
    }
    return { state, losses, terms, added };
  };
}

/** `terms` as an output, where there are any. */
export function termsOutput({ terms }: Pick<TrainingPass, 'terms'>): Record<string, tf.Tensor> {
  return terms.length === 0 ? {} : { terms: tf.stack([...terms]) };
}

/** A loss plus the auxiliary terms. */
export function withTerms(loss: tf.Scalar, { added }: Pick<TrainingPass, 'added'>): tf.Scalar {
  return added === undefined ? loss : tf.add(loss, added);
}

/** Remembers the statistics of what only some tasks use; the function it gives puts back those of tasks that are absent. */
function holdStatistics({ layout, tasks }: Model, active: tf.Tensor1D): () => void {
  const partial = layout.stateSegments.filter(({ usedBy }) => usedBy.length > 0 && usedBy.length < tasks.length);
  if (partial.length === 0) return () => {};
  const before = partial.map(({ variable }) => tf.clone(variable));
  return () => {
    const present = tf.unstack(active);
    partial.forEach(({ usedBy, variable }, i) => {
      const users = present.filter((_, k) => usedBy.includes(tasks[k]?.name ?? ''));
      variable.assign(tf.where(tf.greater(tf.addN(users), 0.5), variable, before[i] as tf.Tensor));
    });
  };
}

/** What a part gave, if it has this shape. */
export function requireShape(what: string, tensor: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (tensor.shape.join() === shape.join()) return tensor;
  throw new ShapeMismatchError(what, shape, tensor.shape, shape.length === 0 ? 'Take its mean or its sum.' : undefined);
}

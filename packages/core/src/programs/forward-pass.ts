import * as tf from '@tensorflow/tfjs';
import type { TensorBatch } from '../contracts/batch.js';
import type { StepContext } from '../contracts/encoder.js';
import type { ProgramContext } from '../contracts/executor.js';
import type { ForwardState } from '../contracts/forward-state.js';
import type { AnyTask, TaskConstants } from '../contracts/task.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { Model } from '../model/multi-task-model.js';
import { feedsUnder, tensorBatch } from '../training/batch-feeds.js';

/** What one forward pass in training mode gives. */
export interface TrainingPass {
  readonly state: ForwardState;
  /** Of every objective: the tasks, then auxiliary objectives with `asTask`, weighted. 0 for absent tasks. */
  readonly losses: readonly tf.Scalar[];
  /** The auxiliary terms by themselves, in the order of `Model.terms`. */
  readonly terms: readonly tf.Scalar[];
  /** Scalars for the history, in the order of `Model.logged`. */
  readonly logged: readonly tf.Tensor[];
  /** Weighted sum of the terms, which is added after balancing; undefined where there are none. */
  readonly added: tf.Scalar | undefined;
}

/** Runs the model inside a program: in training mode, or as it predicts, without the terms and numbers that are none of the objectives'. */
export type ForwardPass = (feeds: NamedTensors, context: ProgramContext, training?: boolean) => TrainingPass;

/** Makes the forward pass that all training programs of a run begin with. */
export function createForwardPass(model: Model, constants: { readonly [task: string]: TaskConstants }): ForwardPass {
  const { tasks, sharing, auxiliaries } = model;
  const of = taskFunctions(model, constants);
  return (feeds, context, training = true) => {
    const settle = holdStatistics(model, (feeds.moving ?? feeds.active) as tf.Tensor1D);
    const step = { training, uniform: context.uniform };
    const shared = feedsUnder('sharing', feeds);
    const state = sharing.forward(feedsUnder('input', feeds), step, shared);
    settle();
    const batch = tensorBatch(feeds);
    const targets = targetsOf(model, batch, feeds, constants);
    const losses = tasks.map((task) => {
      const rows = of.loss(task, state, targets[task.name] as tf.Tensor);
      const shares = feeds[`share/${task.name}`] as tf.Tensor;
      requireShape(`The loss of task \`${task.name}\`, one number per row,`, rows, shares.shape);
      return tf.sum(tf.mul(rows, shares)) as tf.Scalar;
    });

    const terms: tf.Scalar[] = [];
    // Of a part of a batch, what is a mean over rows counts by the part's share of them.
    const ofPart = <One extends tf.Tensor>(one: One): One =>
      feeds.part === undefined ? one : tf.mul<One>(one, feeds.part);
    const logged = (training ? (sharing.logged ?? []) : []).map((name) =>
      ofPart(scalarNamed(`intermediate \`${name}\``, name, state.intermediates)),
    );
    let added: tf.Scalar | undefined;
    for (const { name, weight, asTask, bound } of auxiliaries) {
      if (!training && !asTask) continue;
      const place = `auxiliary/${name}`;
      const uniform: StepContext['uniform'] = (path, shape) => context.uniform(`${place}/${path}`, shape);
      const given = bound.loss({
        state,
        batch,
        feeds: feedsUnder(place, feeds),
        constants,
        step: { training, uniform },
        predict: (task, at = state) => of.predict(taskNamed(tasks, task), at),
        rowLosses: (task, at = state, target = batch.targets[task] as tf.Tensor) =>
          of.loss(taskNamed(tasks, task), at, target),
        forward: (inputs = batch.inputs, { training: mode = training } = {}) =>
          heldForward(
            model,
            inputs,
            { training: mode, uniform: (path, shape) => uniform(`forward/${path}`, shape) },
            shared,
          ),
      });
      const { loss: found, logged: numbers } = 'loss' in given ? given : { loss: given, logged: {} };
      for (const one of training ? (bound.logged ?? []) : []) {
        logged.push(ofPart(scalarNamed(`number \`${one}\` that auxiliary term \`${name}\` logs`, one, numbers)));
      }
      const term = ofPart(requireShape(`The loss of auxiliary term \`${name}\``, found, []) as tf.Scalar);
      const weighted = weight === 1 ? term : tf.mul<tf.Scalar>(term, weight);
      if (asTask) {
        losses.push(weighted);
        continue;
      }
      terms.push(term);
      added = added === undefined ? weighted : tf.add<tf.Scalar>(added, weighted);
    }
    return { state, losses, terms, logged, added };
  };
}

/** What tasks learn from: the labels, or what auxiliary terms put in their place. */
function targetsOf(
  { tasks, auxiliaries }: Model,
  batch: TensorBatch,
  feeds: NamedTensors,
  constants: { readonly [task: string]: TaskConstants },
): NamedTensors {
  let { targets } = batch;
  for (const { name, bound } of auxiliaries) {
    if (bound.targets === undefined) continue;
    const own = feedsUnder(`auxiliary/${name}`, feeds);
    const given = bound.targets({ batch: { ...batch, targets }, feeds: own, constants });
    for (const task of Object.keys(given)) taskNamed(tasks, task);
    targets = { ...targets, ...given };
  }
  return targets;
}

/** What a task makes of a forward pass. */
export function taskFunctions(model: Model, constants: { readonly [task: string]: TaskConstants }) {
  const outputsOf = (task: AnyTask, state: ForwardState) => state.outputs[task.name] as NamedTensors;
  return {
    loss: (task: AnyTask, state: ForwardState, target: tf.Tensor) =>
      task.loss(outputsOf(task, state), target, constants[task.name] ?? {}, model.variables[task.name] ?? {}),
    predict: (task: AnyTask, state: ForwardState) =>
      task.predict(outputsOf(task, state), constants[task.name] ?? {}, model.variables[task.name] ?? {}),
  };
}

/** A pass beside the step's own: BatchNorm's statistics are afterwards what they were. */
export function heldForward(
  { sharing, layout }: Model,
  inputs: NamedTensors,
  step: StepContext,
  feeds: NamedTensors,
): ForwardState {
  if (!step.training) return sharing.forward(inputs, step, feeds);
  const before = layout.stateSegments.map(({ variable }) => tf.clone(variable));
  const state = sharing.forward(inputs, step, feeds);
  layout.stateSegments.forEach(({ variable }, i) => {
    variable.assign(before[i] as tf.Tensor);
  });
  return state;
}

/** `terms` as an output: the auxiliary terms, then what is logged, where there are any. */
export function termsOutput({ terms, logged }: Pick<TrainingPass, 'terms' | 'logged'>): Record<string, tf.Tensor> {
  const all = [...terms, ...logged];
  return all.length === 0 ? {} : { terms: tf.stack(all) };
}

function scalarNamed(what: string, name: string, tensors: NamedTensors): tf.Tensor {
  const found = tensors[name];
  if (found !== undefined) return requireShape(`The ${what}`, found, []);
  throw new UnknownNameError(`${what}, which is to be logged,`, name, Object.keys(tensors));
}

/** The task of this name. */
export function taskNamed(tasks: readonly AnyTask[], name: string): AnyTask {
  const found = tasks.find((task) => task.name === name);
  if (found !== undefined) return found;
  throw new UnknownNameError(
    'task',
    name,
    tasks.map((task) => task.name),
  );
}

/** A loss plus the auxiliary terms. */
export function withTerms(loss: tf.Scalar, { added }: Pick<TrainingPass, 'added'>): tf.Scalar {
  return added === undefined ? loss : tf.add(loss, added);
}

/** Remembers the statistics of what only some tasks use; the function it gives puts back those of tasks that do not move. */
function holdStatistics({ layout, tasks }: Model, moving: tf.Tensor1D): () => void {
  const partial = layout.stateSegments.filter(({ usedBy }) => usedBy.length > 0 && usedBy.length < tasks.length);
  if (partial.length === 0) return () => {};
  const before = partial.map(({ variable }) => tf.clone(variable));
  const held = partial.map(({ variable }) => variable.dataId);
  return () => {
    const present = tf.unstack(moving);
    partial.forEach(({ usedBy, variable }, i) => {
      // Nothing was assigned, as to what a forward pass only reads.
      if (variable.dataId === held[i]) return;
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

import * as tf from '@tensorflow/tfjs';
import type { AuxiliaryContext } from '../contracts/auxiliary.js';
import type { InputSpecs } from '../contracts/batch.js';
import type { ForwardState } from '../contracts/forward-state.js';
import { firstStep } from '../contracts/loss-weighting.js';
import type { BoundSharing } from '../contracts/sharing.js';
import type { AnyTask } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';

/** What is known of a model once it has run on two rows of zeros. */
export interface TrialPass extends Pick<AuxiliaryContext, 'shared' | 'features'> {
  /** Names of what a forward pass gives, as {@link stateTensors} has them. */
  readonly outputs: readonly string[];
}

/** Runs the model on zeros; gives the shapes of rows of features, checks outputs on the way. */
export function trialPass(tasks: readonly AnyTask[], inputs: InputSpecs, sharing: BoundSharing): TrialPass {
  let shapes: TrialPass = { shared: undefined, features: {}, outputs: [] };
  tf.tidy(() => {
    const zeros: Record<string, tf.Tensor> = {};
    for (const [name, spec] of Object.entries(inputs)) zeros[name] = tf.zeros([2, ...spec.shape], spec.dtype);
    const uniform = () => {
      throw new PolytaskError('POLYTASK_NO_RANDOMNESS', 'A forward pass asked for random numbers outside training.');
    };
    const feeds = Object.fromEntries(
      Object.entries(sharing.feeds?.(firstStep) ?? {}).map(([name, { data, shape }]) => [
        name,
        tf.tensor(data, [...shape]),
      ]),
    );
    const state = sharing.forward(zeros, { training: false, uniform }, feeds);
    for (const task of tasks) checkOutputs(task, state);
    checkRelations(tasks, sharing, state);
    checkRotations(tasks, sharing, state);
    shapes = {
      shared: state.shared?.shape.slice(1),
      features: Object.fromEntries(Object.entries(state.features).map(([name, { shape }]) => [name, shape.slice(1)])),
      outputs: Object.keys(stateTensors(state)),
    };
  });
  return shapes;
}

/** What a forward pass gave under flat names: `output/<task>/<output>`, `features/<task>`, `intermediate/<name>`, `shared`. */
export function stateTensors(state: ForwardState): Record<string, tf.Tensor> {
  const found: Record<string, tf.Tensor> = {};
  for (const [task, outputs] of Object.entries(state.outputs)) {
    for (const [name, tensor] of Object.entries(outputs)) found[`output/${task}/${name}`] = tensor;
  }
  for (const [task, tensor] of Object.entries(state.features)) found[`features/${task}`] = tensor;
  for (const [name, tensor] of Object.entries(state.intermediates)) found[`intermediate/${name}`] = tensor;
  if (state.shared !== undefined) found.shared = state.shared;
  return found;
}

/** Checks what inputs say of one another. */
export function checkInputs(inputs: InputSpecs): void {
  for (const [name, { mask, vocabulary, dtype, shape }] of Object.entries(inputs)) {
    const valid = vocabulary === undefined || (Number.isInteger(vocabulary) && vocabulary > 0 && dtype === 'int32');
    requireOption(valid, `inputs.${name}.vocabulary`, 'a whole number of ids from 1, of an int32 input', vocabulary);
    if (mask === undefined) continue;
    const spec = inputs[mask];
    if (spec === undefined) throw new UnknownNameError(`input (the mask of \`${name}\`)`, mask, Object.keys(inputs));
    const fits = spec.shape.length > 0 && spec.shape.every((length, i) => length === shape[i]);
    const required = `a float32 input whose shape is the beginning of [${shape.join(', ')}]`;
    requireOption(
      fits && spec.dtype === 'float32',
      `inputs.${name}.mask`,
      required,
      `${mask}: [${spec.shape.join(', ')}]`,
    );
  }
}

/** What a strategy says of relations is among its intermediates, and as wide as it says. */
function checkRelations(
  tasks: readonly AnyTask[],
  { relations = [] }: BoundSharing,
  { intermediates }: ForwardState,
): void {
  for (const { name, over, of, places } of relations) {
    for (const { name: task } of tasks) {
      const source = of[task] ?? '';
      const tensor = intermediates[source];
      const what = `intermediate of task \`${task}\` in the relation \`${name}\``;
      if (tensor === undefined) throw new UnknownNameError(what, source, Object.keys(intermediates));
      const width = over === 'tasks' ? tasks.length : places?.[task]?.length;
      if (width !== undefined && tensor.shape.at(-1) !== width) {
        throw new ShapeMismatchError(`The ${what}`, `[..., ${width}]`, tensor.shape);
      }
    }
  }
}

/** What a strategy says of rotations fits its shared representation, and no gradient moves them. */
function checkRotations(tasks: readonly AnyTask[], { rotations }: BoundSharing, { shared }: ForwardState): void {
  if (rotations === undefined) return;
  const { matrices, turned, width } = rotations;
  const last = shared?.shape.at(-1) ?? 0;
  if (last !== width || turned > width) {
    const what = `What rotations turn (${turned} of ${width}), the last axis of the shared representation,`;
    throw new ShapeMismatchError(what, [width], [last]);
  }
  for (const { name } of tasks) {
    const matrix = matrices[name];
    if (matrix === undefined) throw new UnknownNameError('task with a rotation', name, Object.keys(matrices));
    const { shape, trainable } = matrix;
    if (shape.join() !== [turned, turned].join()) {
      throw new ShapeMismatchError(`The rotation of task \`${name}\``, [turned, turned], shape);
    }
    requireOption(!trainable, `rotations.matrices.${name}`, 'a variable made with `trainable: false`', 'trainable');
  }
}

function checkOutputs(task: AnyTask, state: ForwardState): void {
  const outputs = state.outputs[task.name];
  for (const [name, shape] of Object.entries(task.outputs)) {
    const tensor = outputs?.[name];
    if (tensor === undefined) {
      throw new UnknownNameError(
        `output of task \`${task.name}\` in what the sharing strategy gave`,
        name,
        Object.keys(outputs ?? {}),
      );
    }
    const found = tensor.shape.slice(1);
    if (found.length !== shape.length || shape.some((size, i) => size !== null && size !== found[i])) {
      throw new ShapeMismatchError(`One row of output \`${name}\` of task \`${task.name}\``, shape, found);
    }
  }
}

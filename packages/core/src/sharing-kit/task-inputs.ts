import type * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { Encoder, StepContext } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import type { AnyTask } from '../contracts/task.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { type BuiltStages, buildEncoder } from '../encoders/build-encoder.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { requireEncoders } from './encoders-by-task.js';
import { joinRows } from './join-rows.js';

/** One set of inputs that goes through what tasks share. */
export interface InputSource {
  /** Tasks that read it, in task order. */
  readonly tasks: readonly string[];
  /** These inputs under the names that the shared encoder knows. */
  select(inputs: NamedTensors, step: StepContext): NamedTensors;
}

/** The inputs of tasks that share an encoder. */
export interface TaskInputs {
  /** What the shared encoder is built on. */
  readonly specs: InputSpecs;
  /** Distinct sets of inputs: the encoder is applied once to each. */
  readonly sources: readonly InputSource[];
  /**
   * Applies what is shared to every source. Gives the rows of all sources as one tensor, and by task those that are its own, from
   * which its loss has a gradient with respect to the whole.
   */
  applyShared(inputs: NamedTensors, step: StepContext, shared: SharedPart): SharedFeatures;
}

/** What all tasks go through; {@link BuiltStages} has it as `apply`. */
export type SharedPart = (inputs: NamedTensors, step: StepContext) => tf.Tensor;

/** What comes out of what is shared. */
export interface SharedFeatures {
  /** `[rows of all sources, ...]`, one source after the other. */
  readonly shared: tf.Tensor;
  /** By task `[rows, ...]`. */
  readonly features: { readonly [task: string]: tf.Tensor };
}

/**
 * The inputs that a task reads: its own where it names some, else all.
 *
 * @throws `POLYTASK_UNKNOWN_NAME` for names that are no inputs; `POLYTASK_INVALID_OPTION` for an empty list.
 * @example
 * ```ts
 * import { inputsOf, type AnyTask, type InputSpecs } from '@polytask/core';
 *
 * const widths = (task: AnyTask, inputs: InputSpecs) => Object.values(inputsOf(task, inputs)).map((input) => input.shape);
 * ```
 */
export function inputsOf(task: AnyTask, inputs: InputSpecs): InputSpecs {
  const known = Object.keys(inputs);
  const names = task.inputs ?? known;
  if (names.length === 0) throw new InvalidOptionError(`tasks.${task.name}.inputs`, 'at least one input', names);
  for (const name of names) if (!known.includes(name)) throw new UnknownNameError('input', name, known);
  return Object.fromEntries(names.map((name) => [name, inputs[name] as InputSpec]));
}

/**
 * Sorts tasks by the inputs they read, for strategies in which all tasks go through one encoder. Tasks with the same inputs
 * share one pass; tasks with other inputs of the same shapes share the variables, matched by place; an adapter makes a
 * task's inputs fit where they do not.
 *
 * @param scope Where adapters are built: `adapters/<task>`, used by that task only.
 * @param tasks The model's tasks.
 * @param inputs All inputs of the model.
 * @param adapters Encoders by task name, applied to that task's inputs before anything is shared; they give `features`.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes and have no adapter.
 * @throws `POLYTASK_UNKNOWN_NAME` for unknown inputs, and adapters of unknown tasks.
 * @example
 * ```ts
 * import { buildEncoder, buildTaskInputs, mlp, type NamedTensors, type SharingContext, type StepContext } from '@polytask/core';
 *
 * const sharedTrunk = ({ tasks, inputs, scope }: SharingContext) => {
 *   const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
 *   const trunk = buildEncoder(mlp([64]), scope.child('trunk'), specs);
 *   return { forward: (x: NamedTensors, step: StepContext) => applyShared(x, step, trunk.apply).features };
 * };
 * ```
 */
export function buildTaskInputs(
  scope: BuildScope,
  tasks: readonly AnyTask[],
  inputs: InputSpecs,
  adapters: { readonly [task: string]: Encoder } = {},
): TaskInputs {
  requireEncoders('adapters', adapters, tasks);
  const groups = new Map<string, { tasks: string[]; specs: InputSpecs; adapter: BuiltStages | undefined }>();
  for (const task of tasks) {
    const own = inputsOf(task, inputs);
    const encoder = adapters[task.name];
    const key = encoder === undefined ? JSON.stringify(Object.keys(own).sort()) : `adapter of ${task.name}`;
    const group = groups.get(key);
    if (group !== undefined) {
      group.tasks.push(task.name);
      continue;
    }
    const place = scope.child('adapters').child(task.name, { usedBy: [task.name] });
    const adapter = encoder && buildEncoder(encoder, place, own);
    groups.set(key, { tasks: [task.name], specs: adapter ? { features: adapter.output } : own, adapter });
  }
  const [first, ...others] = [...groups.values()];
  if (first === undefined) throw new InvalidOptionError('tasks', 'at least one task', tasks);
  for (const other of others) requireEqual(first, other);
  const wanted = Object.keys(first.specs);
  const sources = [...groups.values()].map(
    ({ tasks: readers, specs, adapter }): InputSource => ({
      tasks: readers,
      select(tensors, step) {
        if (adapter !== undefined) return { [wanted[0] as string]: adapter.apply(tensors, step) };
        return Object.fromEntries(Object.keys(specs).map((name, at) => [wanted[at], tensors[name] as tf.Tensor]));
      },
    }),
  );
  return {
    specs: first.specs,
    sources,
    applyShared(tensors, step, shared) {
      const { joined, parts } = joinRows(sources.map((source) => shared(source.select(tensors, step), step)));
      const features = sources.flatMap(({ tasks: readers }, at) =>
        readers.map((name) => [name, parts[at] as tf.Tensor]),
      );
      return { shared: joined, features: Object.fromEntries(features) };
    },
  };
}

function requireEqual(a: { tasks: string[]; specs: InputSpecs }, b: { tasks: string[]; specs: InputSpecs }): void {
  const forms = (specs: InputSpecs) =>
    JSON.stringify(Object.values(specs).map(({ shape, dtype, categories }) => [shape, dtype, categories]));
  if (forms(a.specs) === forms(b.specs)) return;
  const show = (specs: InputSpecs) =>
    Object.entries(specs)
      .map(([name, { shape, dtype }]) => `\`${name}\` [${shape.join(', ')}] ${dtype}`)
      .join(', ');
  throw new PolytaskError(
    'POLYTASK_TASK_INPUTS',
    `Tasks that share an encoder need inputs of the same shapes, but \`${a.tasks[0]}\` reads ${show(a.specs)} and ` +
      `\`${b.tasks[0]}\` reads ${show(b.specs)}. Give every task all inputs and fuse them, \`encoder: fusion({ ... })\`, ` +
      `or give a task an encoder of its own before the shared one, \`adapters: { ${b.tasks[0]}: mlp([...]) }\`.`,
  );
}

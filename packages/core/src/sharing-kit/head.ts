import * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import { isPart } from '../contracts/description.js';
import type { Encoder, StepContext } from '../contracts/encoder.js';
import type { BuildScope, Initializer } from '../contracts/parameters.js';
import type { AnyTask } from '../contracts/task.js';
import { type NamedTensors, sizeOf } from '../contracts/tensors.js';
import { buildStages } from '../encoders/build-encoder.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { buildDense } from '../layers/dense.js';
import { buildFlatten } from '../layers/flatten.js';
import { glorotUniform } from '../layers/initializers.js';
import { type BuiltLayer, chainLayers } from '../layers/layer.js';
import { requireEncoders } from './encoders-by-task.js';

/** What heads are made of: the same body for all tasks, or one for each task named (none for the others). */
export type HeadOption = Encoder | { readonly [task: string]: Encoder };

/** A task's head whose variables exist. */
export interface BuiltHead {
  /** What one row of the last layer's input looks like. */
  readonly features: InputSpec;
  /** What one row of every output looks like. */
  readonly outputs: InputSpecs;
  /** `outputs` as the task declares them, `features` as the last layer saw them. */
  apply(features: tf.Tensor, step: StepContext): { readonly outputs: NamedTensors; readonly features: tf.Tensor };
}

/**
 * The head of a task: a body, then one linear layer for each output that the task declares:
 *
 * $$f = \text{body}(h), \qquad y_o = f\, W_o + b_o$$
 *
 * Shapes: h `[rows, ...features.shape]` → y_o `[rows, ...task.outputs[o]]`. An output that starts with n times `null` takes these
 * lengths from f, `[rows, l_1, ..., l_n, width]`, with the same W_o at every position; an output without `null` takes f flattened.
 *
 * @param scope The head's own scope, used by this task only: the body's stages, then `outputs/<output>`.
 * @param task Whose outputs these are.
 * @param features What one row of h looks like.
 * @param body Hidden layers, such as `mlp([50])`. Default none.
 * @throws `POLYTASK_SHAPE_MISMATCH` where f has not the rank that an output with `null` needs.
 * @throws `POLYTASK_INVALID_OPTION` for a `null` after a number in the task's output shape.
 * @example
 * ```ts
 * import { buildHead, mlp, type AnyTask, type BuildScope } from '@polytask/core';
 *
 * const headOf = (scope: BuildScope, task: AnyTask) =>
 *   buildHead(
 *     scope.child('heads').child(task.name, { usedBy: [task.name] }),
 *     task,
 *     { shape: [50], dtype: 'float32' },
 *     mlp([20]),
 *   );
 * ```
 */
export function buildHead(scope: BuildScope, task: AnyTask, features: InputSpec, body?: Encoder): BuiltHead {
  const inputs = { features };
  const stages = buildStages(body?.stages(inputs) ?? [], scope, inputs);
  const outputs = scope.child('outputs');
  const layers = new Map<string, BuiltLayer>();
  for (const [name, shape] of Object.entries(task.outputs)) {
    layers.set(name, outputLayer(outputs.child(name), task.name, name, shape, stages.output));
  }
  return {
    features: stages.output,
    outputs: Object.fromEntries([...layers].map(([name, layer]) => [name, layer.output])),
    apply(tensor, step) {
      const seen = stages.apply({ features: tensor }, step);
      const given: Record<string, tf.Tensor> = {};
      for (const [name, layer] of layers) given[name] = layer.apply(seen, step);
      return { outputs: given, features: seen };
    },
  };
}

/**
 * The body of every task's head, from a strategy's `head` option.
 *
 * @param head One encoder for all tasks, or encoders by task name; tasks not named get none. Default none at all.
 * @param tasks The model's tasks.
 * @throws `POLYTASK_UNKNOWN_NAME` for names that are no tasks; `POLYTASK_INVALID_OPTION` for what is no encoder.
 * @example
 * ```ts
 * import { headBodies, mlp, type AnyTask } from '@polytask/core';
 *
 * const bodyOf = (tasks: readonly AnyTask[]) => headBodies({ left: mlp([50]) }, tasks)('left');
 * ```
 */
export function headBodies(
  head: HeadOption | undefined,
  tasks: readonly AnyTask[],
): (task: string) => Encoder | undefined {
  if (head === undefined) return () => undefined;
  if (isPart(head, 'encoder')) return () => head as Encoder;
  const byTask = head as { readonly [task: string]: Encoder };
  requireEncoders('head', byTask, tasks);
  return (task) => byTask[task];
}

function outputLayer(
  scope: BuildScope,
  task: string,
  output: string,
  shape: readonly (number | null)[],
  features: InputSpec,
): BuiltLayer {
  const what = `tasks.${task}.outputs.${output}`;
  const own = shape.filter((length) => length !== null);
  const free = shape.length - own.length;
  if (shape.slice(0, free).some((length) => length !== null)) {
    throw new InvalidOptionError(what, 'a shape whose `null`s come first', shape);
  }
  if (free > 0 && features.shape.length !== free + 1) {
    throw new ShapeMismatchError(
      `What the last layer of task \`${task}\` sees, of which output \`${output}\` takes ${free} length(s),`,
      [...Array(free + 1)].map(() => null),
      features.shape,
      'Choose an encoder that keeps these axes, and a head that does: `mlp(units, { flatten: false })`.',
    );
  }
  const units = sizeOf(own);
  const full = [...features.shape.slice(0, free), ...own];
  return chainLayers(features, [
    free === 0 && buildFlatten,
    (x) => buildDense(scope, x, units, { kernel: small }),
    own.length !== 1 && (() => buildReshape(full)),
  ]);
}

/**
 * A tenth of what is usual: outputs begin near 0, which is the mean of a standardised target and no opinion about classes, so that the first
 * steps go into learning and not into unlearning noise. Tables of a few hundred rows gain most (`npm run bench -- quality`).
 */
const small: Initializer = (shape, draw) => glorotUniform(shape, draw).map((value) => value / 10);

function buildReshape(shape: readonly number[]): BuiltLayer {
  return {
    output: { shape, dtype: 'float32' },
    apply: (x) => tf.reshape(x, [x.shape[0] as number, ...shape]),
  };
}

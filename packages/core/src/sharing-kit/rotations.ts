import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { BuildScope, Initializer } from '../contracts/parameters.js';
import type { Rotations } from '../contracts/rotations.js';
import type { AnyTask } from '../contracts/task.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { asFloat } from '../layers/flatten.js';
import { matrixProduct } from '../layers/matrix-product.js';
import { optional } from '../options/option.js';
import { either, flag, whole } from '../options/takes.js';

/** How many features rotations turn: all of them under true, none under false. */
export type RotationsOption = boolean | number;

/** A step of learning takes some products of matrices of this size for each task, whose cost grows with its third power. */
const largest = 512;

/** The option `rotations` of strategies with a shared representation; {@link buildRotations} takes it as it is. */
export const rotationsOption = optional(
  either([flag(), whole({ from: 2 })], 'true or false, or how many of the leading features, at least 2'),
  'A rotation per task of what its head sees, for a balancing that learns rotations; under another one it stays the identity.',
  'false',
);

/** Rotations whose variables exist. */
export interface BuiltRotations {
  /** What the strategy says of them. */
  readonly rotations: Rotations;
  /** By task its features `[rows, ..., width]`, turned. */
  apply(features: NamedTensors): NamedTensors;
}

/**
 * A rotation per task between what all tasks share and their heads, at `rotations/<task>/matrix`:
 *
 * $$ z_k = R_k z $$
 *
 * where
 * - z is the last axis of the shared representation, or its leading entries, the others staying as they are;
 * - R_k is a statistic of the model, the identity at first. A balancing may learn it (`BoundGradientBalancing.learn`), and nothing else moves it.
 *
 * Shapes: `[rows, ..., width]` → the same.
 *
 * @param scope The strategy's own, from its context.
 * @param tasks The model's tasks.
 * @param features What one row of the shared representation looks like.
 * @param option The strategy's option, see {@link rotationsOption}. Default false: gives undefined.
 * @throws `POLYTASK_INVALID_OPTION` for more features than there are, and for more than 512, as learning takes time by the third power.
 * @example
 * ```ts
 * import { buildEncoder, buildHeads, buildRotations, buildTaskInputs, defineSharing, mlp } from '@polytask/core';
 *
 * const sharing = defineSharing({
 *   name: 'turned',
 *   bind({ tasks, inputs, scope }) {
 *     const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
 *     const trunk = buildEncoder(mlp([64]), scope.child('trunk'), specs);
 *     const turns = buildRotations(scope, tasks, trunk.output, true);
 *     const heads = buildHeads(scope, tasks, trunk.output);
 *     return {
 *       rotations: turns?.rotations,
 *       forward(x, step) {
 *         const { features, shared } = applyShared(x, step, trunk.apply);
 *         return heads.apply(turns?.apply(features) ?? features, step, { shared });
 *       },
 *     };
 *   },
 * });
 * sharing.kind; // => 'sharing'
 * ```
 */
export function buildRotations(
  scope: BuildScope,
  tasks: readonly AnyTask[],
  features: InputSpec,
  option: RotationsOption = false,
): BuiltRotations | undefined {
  if (option === false) return undefined;
  const width = features.shape.at(-1) ?? 0;
  const turned = option === true ? width : option;
  const most = Math.min(width, largest);
  if (turned < 2 || turned > most) {
    const room = most < 2 ? 'false' : `false, or a number from 2 to ${most}`;
    const advice =
      most === largest
        ? 'Learning takes time by the third power of their number: turn some of them, `rotations: 64`.'
        : '';
    const shared = width === 1 ? 'the one feature' : `the ${width} features`;
    throw new InvalidOptionError('rotations', `${room} for ${shared} that tasks share`, option, advice);
  }
  const place = scope.child('rotations');
  const matrices = Object.fromEntries(
    tasks.map(({ name }) => {
      const own = place.child(name, { usedBy: [name] });
      return [name, own.variable('matrix', [turned, turned], identity, { trainable: false })];
    }),
  );
  return {
    rotations: { matrices, turned, width },
    apply: (given) =>
      Object.fromEntries(
        tasks.map(({ name }) => [name, turn(given[name] as tf.Tensor, matrices[name] as tf.Variable, width)]),
      ),
  };
}

/** R z of every position. */
function turn(z: tf.Tensor, matrix: tf.Variable, width: number): tf.Tensor {
  const turned = matrix.shape[0] as number;
  const rows = tf.reshape(asFloat(z), [-1, width]) as tf.Tensor2D;
  const transposed = tf.transpose(matrix) as tf.Tensor2D;
  if (turned === width) return tf.reshape(matrixProduct(rows, transposed), z.shape);
  const [leading, others] = tf.split(rows, [turned, width - turned], 1) as [tf.Tensor2D, tf.Tensor2D];
  return tf.reshape(tf.concat([matrixProduct(leading, transposed), others], 1), z.shape);
}

const identity: Initializer = ([size = 0]) =>
  Float32Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));

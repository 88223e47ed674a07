import type * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { Encoder, Stage, StepContext } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { type BuiltStages, type BuiltStep, buildStages } from '../encoders/build-encoder.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';

/** An encoder beside others. */
export interface Column {
  /** Often a task's. */
  readonly name: string;
  readonly encoder: Encoder;
  /** What it reads: `inputsOf(task, inputs)`, or all. */
  readonly inputs: InputSpecs;
  /** Tasks whose output depends on it. Default: those of the scope. Columns that are mixed reach every task. */
  readonly usedBy?: readonly string[] | undefined;
}

/** A stage of all columns. */
export interface ColumnStage {
  /** Its name in the first column. */
  readonly name: string;
  /** 0 for the first. */
  readonly index: number;
  /** Whether no other comes after it. */
  readonly last: boolean;
  /** What one row of each column's features looks like, in column order. */
  readonly outputs: readonly InputSpec[];
}

/**
 * What happens between the columns after a stage: every column's features `[rows, ...]` to those of the same shapes that the next stage
 * gets, in column order. `feeds` as `BuiltColumns.apply` got them.
 */
export type ColumnMixer = (
  features: readonly tf.Tensor[],
  step: StepContext,
  feeds: NamedTensors,
) => readonly tf.Tensor[];

/** Makes the variables of a mixer; undefined where columns go on unmixed. */
export type MixerBuilder = (stage: ColumnStage) => ColumnMixer | undefined;

/** Columns whose variables exist. */
export interface BuiltColumns {
  /** Where each column's variables are, by name: for penalties on what they differ in, `scope.variables()`. */
  readonly scopes: { readonly [column: string]: BuildScope };
  /** What one row of each column's features looks like at the end, by name. */
  readonly outputs: { readonly [column: string]: InputSpec };
  /**
   * Inputs to every column's features `[rows, ...]`, by name.
   *
   * @param inputs All inputs of the model.
   * @param feeds Handed on to the mixers. Default none.
   */
  apply(inputs: NamedTensors, step: StepContext, feeds?: NamedTensors): { readonly [column: string]: tf.Tensor };
}

/**
 * Several encoders side by side, stage by stage, with an exchange between them after each stage:
 *
 * $$h_c^{s} = f_c^{s}\big(m_c^{s-1}\big), \qquad \big(m_1^{s}, \dots, m_C^{s}\big) = \text{mix}^{s}\big(h_1^{s}, \dots, h_C^{s}\big),
 * \qquad m_c^{0} = x_c$$
 *
 * where
 * - f are the columns' stages, each with variables of its own at `<column>/<stage>/...`;
 * - mix is what `mixer` builds for the stage, by default the identity, which leaves the columns apart;
 * - what a stage gives by name besides, such as skips, goes to later stages of the same column, unmixed.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ...]` by column.
 *
 * @param scope Where the columns lie, such as `scope.child('columns')` or `scope.child('experts')` of the strategy's own.
 * @param columns At least one; with a mixer all of as many stages.
 * @param mixer Called for every stage once all columns are built. Make its variables in another child of the strategy's scope, such as
 * `scope.child('units')`. Default: columns stay apart.
 * @throws `POLYTASK_COLUMNS` for columns of different depth with a mixer, and for a mixer that gives another number of tensors than there
 * are columns; `POLYTASK_SHAPE_MISMATCH` where columns that are mixed have different numbers of rows; what encoders throw.
 * @example
 * ```ts
 * import { buildColumns, buildHeads, defineSharing, inputsOf, mlp } from '@polytask/core';
 *
 * const apart = defineSharing({
 *   name: 'apart',
 *   bind({ tasks, inputs, scope }) {
 *     const columns = buildColumns(
 *       scope.child('columns'),
 *       tasks.map((task) => ({
 *         name: task.name,
 *         encoder: mlp([16, 8]),
 *         inputs: inputsOf(task, inputs),
 *         usedBy: [task.name],
 *       })),
 *     );
 *     const heads = buildHeads(scope, tasks, columns.outputs);
 *     return { forward: (x, step) => heads.apply(columns.apply(x, step), step) };
 *   },
 * });
 * apart.name; // => 'apart'
 * ```
 */
export function buildColumns(scope: BuildScope, columns: readonly Column[], mixer?: MixerBuilder): BuiltColumns {
  const built = columns.map(({ name, encoder, inputs, usedBy }) => {
    const place = scope.child(name, { usedBy });
    return { name, inputs: Object.keys(inputs), place, recipe: encoder.stages(inputs), specs: inputs };
  });
  const stages = built.map(({ recipe, place, specs }) => buildStages(recipe, place, specs));
  const mixers = mixer === undefined ? [] : buildMixers(mixer, columns, stages, built[0]?.recipe ?? []);
  const byName = <T>(values: readonly T[]) => Object.fromEntries(columns.map(({ name }, i) => [name, values[i] as T]));
  return {
    scopes: byName(built.map(({ place }) => place)),
    outputs: byName(stages.map(({ output }) => output)),
    apply(inputs, step, feeds = {}) {
      const own = built.map(({ inputs: names }) =>
        Object.fromEntries(names.map((name) => [name, inputs[name] as tf.Tensor])),
      );
      if (mixer === undefined) return byName(stages.map((column, i) => column.apply(own[i] as NamedTensors, step)));
      let current: readonly NamedTensors[] = own;
      const carried: NamedTensors[] = own.map(() => ({}));
      mixers.forEach((mix, index) => {
        const features = stages.map((column, i) => {
          const done = (column.stages[index] as BuiltStep).run(current[i] as NamedTensors, step, carried[i]);
          carried[i] = done.carried;
          return done.features;
        });
        current = (mix === undefined ? features : mixed(mix, columns, features, step, feeds)).map((one) => ({
          features: one,
        }));
      });
      return byName(current.map((one) => Object.values(one)[0] as tf.Tensor));
    },
  };
}

function buildMixers(
  mixer: MixerBuilder,
  columns: readonly Column[],
  stages: readonly BuiltStages[],
  recipe: readonly Stage[],
): (ColumnMixer | undefined)[] {
  const depths = stages.map((column) => column.stages.length);
  if (depths.some((depth) => depth !== recipe.length)) {
    const found = columns.map(({ name }, i) => `\`${name}\` has ${depths[i]}`).join(', ');
    throw new PolytaskError(
      'POLYTASK_COLUMNS',
      `Columns that are mixed after every stage need encoders of as many stages, but ${found}. Use one encoder for all.`,
    );
  }
  return recipe.map(({ name }, index) => {
    const outputs = stages.map((column) => (column.stages[index] as BuiltStep).output);
    return mixer({ name, index, last: index === recipe.length - 1, outputs });
  });
}

/** What a mixer makes of the columns' features, checked. */
function mixed(
  mix: ColumnMixer,
  columns: readonly Column[],
  features: readonly tf.Tensor[],
  step: StepContext,
  feeds: NamedTensors,
): readonly tf.Tensor[] {
  const [first] = features;
  for (const [i, one] of features.entries()) {
    if (one.shape[0] === first?.shape[0]) continue;
    // Tasks may have data sets of their own.
    throw new ShapeMismatchError(
      `What column \`${columns[i]?.name}\` gives to be mixed with \`${columns[0]?.name}\``,
      [first?.shape[0] ?? null, ...one.shape.slice(1)],
      one.shape,
      'Mixed columns need the same rows: give all tasks the same inputs.',
    );
  }
  const found = mix(features, step, feeds);
  if (found.length !== features.length) {
    throw new PolytaskError(
      'POLYTASK_COLUMNS',
      `A mixer must give one tensor for each of the ${features.length} columns, in column order, but gave ${found.length}.`,
    );
  }
  return found;
}

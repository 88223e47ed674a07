import {
  type AuxiliaryContext,
  type AuxiliaryObjective,
  type InspectInput,
  type NamedTensors,
  PolytaskError,
  type Taken,
  type TensorBatch,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type AgreementLoss, type Comparison, rowCosts, rowViolations } from '../comparison.js';
import { rampFeeds, rampOption } from '../ramp-up.js';
import { anySelected, meanOver, meanSeen, type RowChoice, rowsOption, selectedRows } from '../selected-rows.js';
import { deviationOf } from '../unit.js';
import { createMultiplier, multipliersOption } from './multiplier.js';

/** What all constraints have in common, however far a row is from one of them. */
export const constraintOptions = { rows: rowsOption, ramp: rampOption, multipliers: multipliersOption };

/** Their values. */
export interface ConstraintSettings {
  readonly loss: AgreementLoss;
  readonly rows: RowChoice;
  readonly ramp: number;
  readonly multipliers: Taken<(typeof multipliersOption)['takes']> | undefined;
}

/** What a constraint looks at in one forward pass. */
export interface Seen {
  /** Predictions of a task, in units or as probabilities. */
  predict(task: string): tf.Tensor;
  /** What counts as 1 where predictions of a task are compared: the standard deviation of its labels, where it learned one. */
  unit(task: string): tf.Tensor | undefined;
}

/** What tasks' predictions must be to one another. */
export interface Constraint {
  /** The tasks in it. */
  readonly tasks: readonly string[];
  /** Those of them that learn from it. Default: all. */
  readonly learning?: readonly string[] | undefined;
  /** What is to agree; a row's violation and cost are the means over these. */
  comparisons(seen: Seen): readonly Comparison[];
  /** Further numbers of every row `[rows]`, by name, to be looked at outside of training. */
  further?(seen: Seen): NamedTensors;
}

/**
 * The one mechanism behind all constraints: the mean cost c over the rows that count, as a penalty that may rise (`ramp`), or under an
 * augmented Lagrangian (`multipliers`). The history has the mean `violation` and, of multipliers, the `multiplier`;
 * `trainer.inspect` has the `violation` of every row.
 *
 * @param further Names of what else a constraint has of every row.
 */
export function constrained(
  settings: ConstraintSettings,
  constraintOf: (context: AuxiliaryContext) => Constraint,
  further: readonly string[] = [],
): Pick<AuxiliaryObjective, 'bind' | 'inspected'> {
  const { loss, rows: chosen, ramp } = settings;
  return {
    inspected: ['violation', ...further],
    bind(context) {
      const constraint = constraintOf(context);
      const { tasks, learning = tasks } = constraint;
      const multiplier = settings.multipliers && createMultiplier(context.scope, settings.multipliers);
      return {
        logged: multiplier === undefined ? ['violation'] : ['violation', 'multiplier'],
        feeds: rampFeeds(ramp),
        actsOn({ weights }) {
          const labels = tasks.map((task) => weights[task] ?? []);
          return learning.length > 0 && anySelected(chosen, labels) ? learning : undefined;
        },
        loss({ batch, feeds, ...input }) {
          const comparisons = constraint.comparisons(seenIn(input, batch, tasks));
          const rows = selectedRows(chosen, tasks.map((task) => batch.weights[task]) as tf.Tensor[]);
          const cost = meanOver(rows, meanOf(comparisons.map((one) => rowCosts(one, loss))));
          const violation = meanSeen(rows, meanOf(comparisons.map(rowViolations)));
          if (multiplier === undefined) return { loss: tf.mul(cost, feeds.ramp as tf.Tensor), logged: { violation } };
          const { term, value } = multiplier.apply(cost, tf.greater(tf.sum(rows), 0));
          return { loss: tf.mul(term, feeds.ramp as tf.Tensor), logged: { violation, multiplier: value } };
        },
        inspect(input) {
          const seen = seenIn(input, undefined, tasks);
          const violation = meanOf(constraint.comparisons(seen).map(rowViolations));
          return { violation, ...constraint.further?.(seen) };
        },
      };
    },
  };
}

function meanOf(values: readonly tf.Tensor[]): tf.Tensor {
  return values.length === 1 ? (values[0] as tf.Tensor) : tf.div(tf.addN([...values]), values.length);
}

/** Predictions of rows that are the same for all tasks. Errors: `POLYTASK_CONSTRAINT` where they are not. */
function seenIn(
  { predict, constants }: Pick<InspectInput, 'predict' | 'constants'>,
  batch: TensorBatch | undefined,
  tasks: readonly string[],
): Seen {
  const predictions = Object.fromEntries(tasks.map((task) => [task, predict(task)]));
  const counts = tasks.map((task) => predictions[task]?.shape[0]);
  const weighed = batch === undefined ? [] : tasks.map((task) => batch.weights[task]?.shape[0]);
  if (new Set([...counts, ...weighed]).size > 1) {
    throw new PolytaskError(
      'POLYTASK_CONSTRAINT',
      `A constraint compares predictions of the same rows, but here ${tasks.map((task, i) => `\`${task}\` has ${counts[i]} rows`).join(' and ')}. ` +
        'Give these tasks one data set with all their inputs, row by row.',
    );
  }
  return { predict: (task) => predictions[task] as tf.Tensor, unit: (task) => deviationOf(constants[task]) };
}

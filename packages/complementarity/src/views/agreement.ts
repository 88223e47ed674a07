import {
  type AuxiliaryContext,
  type BoundAuxiliary,
  choice,
  list,
  type NamedTensors,
  optional,
  type TaskConstants,
  type TensorBatch,
  taskName,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type Comparison, rowCosts, rowViolations } from '../comparison.js';
import { type Predicted, predictedBy, predictedOf } from '../predicted.js';
import { rampOption } from '../ramp-up.js';
import { meanOver, meanSeen, ownRowsOption, type RowChoice, selectedRows, tasksSelected } from '../selected-rows.js';
import { deviationOf } from '../unit.js';

/** What all terms have in common that compare predictions of the same task on two views. */
export const agreementOptions = {
  tasks: optional(list(taskName(), { least: 1 }), 'Tasks whose predictions must agree.', 'all'),
  loss: withDefault(
    choice('squared-error', 'kl'),
    'squared-error',
    'What it costs that probabilities differ: squares, or the divergence from what they ought to be. Numbers: squares always.',
    'Laine and Aila',
  ),
  rows: ownRowsOption,
  ramp: rampOption,
};

/** Their values. */
export interface AgreementSettings {
  readonly tasks?: readonly string[] | undefined;
  readonly loss: 'squared-error' | 'kl';
  readonly rows: Exclude<RowChoice, 'lacking-one'>;
  readonly ramp: number;
}

/** The predictions that must agree. Errors: `POLYTASK_UNKNOWN_NAME`. */
export function agreeing(
  { tasks: names }: Pick<AgreementSettings, 'tasks'>,
  { tasks }: Pick<AuxiliaryContext, 'tasks'>,
): readonly Predicted[] {
  return names === undefined ? tasks.map(predictedOf) : names.map((name, i) => predictedBy(tasks, name, `tasks[${i}]`));
}

/** The tasks that have a row in the batch on which their predictions must agree. */
export function agreeingOn(
  predicted: readonly Predicted[],
  { rows }: Pick<AgreementSettings, 'rows'>,
): NonNullable<BoundAuxiliary['actsOn']> {
  const names = predicted.map(({ task }) => task.name);
  return ({ weights }) => tasksSelected(rows, names, weights);
}

/** Of every row what it costs that its predictions of one task differ, `[rows]`. */
export function disagreement(
  { kind, task: { name } }: Predicted,
  loss: AgreementSettings['loss'],
  constants: { readonly [task: string]: TaskConstants },
  found: tf.Tensor,
  wanted: tf.Tensor,
): { readonly costs: tf.Tensor1D; readonly violations: tf.Tensor1D } {
  const comparison: Comparison = { kind, found, wanted, unit: deviationOf(constants[name]) };
  return {
    costs: rowCosts(comparison, kind === 'amounts' ? 'squared-error' : loss),
    violations: rowViolations(comparison),
  };
}

/**
 * The mean over tasks of the mean over rows that count, and how far the tasks' predictions are apart.
 *
 * @param wanted Predictions by task, as constants or not.
 */
export function agreement(
  predicted: readonly Predicted[],
  { loss, rows }: AgreementSettings,
  { batch, constants }: { readonly batch: TensorBatch; readonly constants: { readonly [task: string]: TaskConstants } },
  found: (task: string) => tf.Tensor,
  wanted: (task: string) => tf.Tensor,
): { readonly loss: tf.Tensor; readonly logged: NamedTensors } {
  const each = predicted.map((one) => {
    const { name } = one.task;
    const { costs, violations } = disagreement(one, loss, constants, found(name), wanted(name));
    const counts = selectedRows(rows, [batch.weights[name] as tf.Tensor]);
    return { name, cost: meanOver(counts, costs), apart: meanSeen(counts, violations) };
  });
  const logged = Object.fromEntries(each.map(({ name, apart }) => [apartName(name), apart]));
  return { loss: perTask(each.map(({ cost }) => cost)), logged };
}

/** Name in the history of how far the predictions of a task are apart, in units, as probabilities. */
export const apartName = (task: string) => `apart/${task}`;

function perTask(costs: readonly tf.Tensor[]): tf.Tensor {
  return costs.length === 1 ? (costs[0] as tf.Tensor) : tf.div(tf.addN([...costs]), costs.length);
}

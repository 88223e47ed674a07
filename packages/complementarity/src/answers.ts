import { type AnyTask, PolytaskError, ShapeMismatchError, type TaskConstants } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type Predicted, predictedOf } from './predicted.js';
import { meanOver } from './selected-rows.js';
import { deviationOf } from './unit.js';

export type AnswerKind = Predicted['kind'];

/** What a task answers; undefined for tasks of kinds that are neither a classification nor a regression. */
export function answerKind(task: AnyTask): AnswerKind | undefined {
  return task.problem === 'regression' || task.problem === 'classification' ? predictedOf(task).kind : undefined;
}

/** Refuses a task whose answers nothing is known of. */
export function requireAnswer(part: string, task: AnyTask): void {
  if (answerKind(task) !== undefined) return;
  throw new PolytaskError(
    'POLYTASK_OTHER_ANSWERS',
    `\`${part}\` needs tasks that predict classes, a yes or no, or numbers, but \`${task.name}\` is of type \`${task.type}\`. Leave it out.`,
  );
}

/** The kind of answer that tasks have in common, where they can mean the same by it. Errors: `POLYTASK_OTHER_ANSWERS`. */
export function commonKind(part: string, tasks: readonly AnyTask[]): AnswerKind {
  const [first, ...others] = tasks;
  const kind = first && answerKind(first);
  const shapes = tasks.map(({ target, outputs }) => JSON.stringify([target, Object.values(outputs)]));
  const odd = others.findIndex((task, i) => answerKind(task) !== kind || shapes[i + 1] !== shapes[0]);
  if (first !== undefined && kind !== undefined && odd < 0) return kind;
  const described = tasks.map((task) => `\`${task.name}\` (${task.type}: ${JSON.stringify(task.outputs)})`);
  throw new PolytaskError(
    'POLYTASK_OTHER_ANSWERS',
    `\`${part}\` needs tasks that predict the same thing, all of them classes, a yes or no, or numbers of one length, but got ` +
      `${described.join(', ')}. Name others in \`tasks\`.`,
  );
}

/** Refuses answers about other rows: tasks have to see the same ones. */
export function requireSameRows(part: string, answers: readonly tf.Tensor[]): void {
  const [first] = answers;
  for (const other of answers.slice(1)) {
    if (first === undefined || other.shape.join() === first.shape.join()) continue;
    const advice = 'The tasks have to see the same rows: give them a common table.';
    throw new ShapeMismatchError(`Predictions that \`${part}\` compares`, first.shape, other.shape, advice);
  }
}

/**
 * The answer as a target that leaves no doubt: the most probable class, a yes from one half on, the numbers themselves.
 *
 * Shapes: predictions as the task gives them → the same, float32.
 */
export function decided(kind: AnswerKind, predictions: tf.Tensor): tf.Tensor {
  if (kind === 'amounts') return predictions;
  if (kind === 'chances') return tf.cast(tf.greaterEqual(predictions, 0.5), 'float32');
  const classes = predictions.shape.at(-1) as number;
  return tf.cast(tf.oneHot(tf.argMax(predictions, -1), classes), 'float32');
}

/** How probable the answer is that {@link decided} takes, row by row and position by position. */
export function confidence(kind: 'classes' | 'chances', predictions: tf.Tensor): tf.Tensor {
  return kind === 'classes' ? tf.max(predictions, -1) : tf.maximum(predictions, tf.sub(1, predictions));
}

/**
 * Labels in the form of predictions: classes as distributions, all else as it is. Positions whose class is missing (below 0) become
 * NaN, as labels in that form have it.
 *
 * @param predictions Whose shape is wanted.
 * @throws `POLYTASK_SHAPE_MISMATCH` where labels and predictions are of no common shape.
 */
export function labelsLike(what: string, target: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  if (target.shape.join() === predictions.shape.join() && target.dtype === 'float32') return target;
  if (target.dtype === 'int32' && target.shape.join() === predictions.shape.slice(0, -1).join()) {
    const classes = predictions.shape.at(-1) as number;
    const there = tf.cast(tf.oneHot(target as tf.Tensor1D, classes), 'float32');
    return tf.where(tf.expandDims(tf.greaterEqual(target, 0), -1), there, Number.NaN);
  }
  throw new ShapeMismatchError(what, target.shape, predictions.shape);
}

/** Numbers over the standard deviation of the task's labels, where it has learned one: so that tasks weigh the same. */
export function standardized(numbers: tf.Tensor, constants: TaskConstants | undefined): tf.Tensor {
  const deviation = deviationOf(constants);
  return deviation === undefined ? numbers : tf.div(numbers, deviation);
}

/** The mean of rows that count, 0 where none does. */
export function meanWhere(rows: tf.Tensor, counts: tf.Tensor): tf.Tensor {
  // Rows that do not count may be anything, so they are taken out before the product.
  const kept = tf.where(tf.greater(counts, 0), rows, tf.zerosLike(rows));
  return meanOver(counts, kept);
}

/** 1 for the rows of a batch that have no label of a task, else 0: `[rows]`. */
export function unlabelled(weights: tf.Tensor): tf.Tensor {
  return tf.cast(tf.equal(weights, 0), 'float32');
}

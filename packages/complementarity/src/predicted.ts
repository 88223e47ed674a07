import { type AnyTask, InvalidOptionError, UnknownNameError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { taskNamed } from './named-tasks.js';

/** What a task's predictions are, as far as methods that compare them care. */
export interface Predicted {
  readonly task: AnyTask;
  /** Numbers in units; probabilities of yes, each by itself; or a distribution over classes along the last axis. */
  readonly kind: 'amounts' | 'chances' | 'classes';
  /** Numbers along the last axis; 1 where a row has a single one, `[rows]`. */
  readonly width: number;
}

/** The predictions of a task by its name. Errors: `POLYTASK_UNKNOWN_NAME`, with the option that has the name. */
export function predictedBy(tasks: readonly AnyTask[], name: string, option: string): Predicted {
  return predictedOf(taskNamed(tasks, name, option));
}

/** What is known of a task's predictions from what the task says of itself. */
export function predictedOf(task: AnyTask): Predicted {
  const { problem, target, outputs } = task;
  const width = target.shape.at(-1) ?? 1;
  if (problem !== 'classification') return { task, kind: 'amounts', width };
  if (target.dtype === 'float32') return { task, kind: 'chances', width };
  return { task, kind: 'classes', width: Object.values(outputs)[0]?.at(-1) ?? 1 };
}

/** Whether a row has one answer only: a number, a probability, or a class. */
export function isSingle({ task }: Predicted): boolean {
  return task.target.shape.length === 0;
}

/** Whether a row has one number only, `[rows]`: an amount, or the probability of a yes. */
export function isNumber(predicted: Predicted): boolean {
  return predicted.kind !== 'classes' && isSingle(predicted);
}

/** In words, for messages: `a task with 10 classes`. */
export function predictedWords({ kind, width }: Predicted): string {
  if (kind === 'classes') return `a task with ${width} classes`;
  if (kind === 'chances') return width === 1 ? 'a task of yes or no' : `a task with ${width} answers of yes or no`;
  return width === 1 ? 'a task of one number' : `a task of ${width} numbers`;
}

/** How many classes predictions are a distribution over; a single yes or no has two. undefined where they are none. */
export function classCount(predicted: Predicted): number | undefined {
  if (predicted.kind === 'classes') return predicted.width;
  return predicted.kind === 'chances' && isSingle(predicted) ? 2 : undefined;
}

/** Predictions as distributions along the last axis, of a task that has a {@link classCount}: no and yes of a single chance. */
export function distributions({ kind }: Predicted, prediction: tf.Tensor): tf.Tensor {
  return kind === 'classes' ? prediction : noAndYes(prediction);
}

/** Probabilities of yes as distributions over no and yes, along one more axis. */
export function noAndYes(chances: tf.Tensor): tf.Tensor {
  return tf.stack([tf.sub(1, chances), chances], -1);
}

/** The names of classes as users know them, in the order of their ids; none where the task does not say. */
export function classNames(predicted: Predicted): readonly string[] {
  const count = classCount(predicted);
  if (count === undefined || !isSingle(predicted)) return [];
  const rows = Array.from({ length: count }, (_, i) => i);
  // What the task makes of a row that is sure of each class.
  const sure =
    predicted.kind === 'chances' ? rows : rows.flatMap((row) => rows.map((column) => Number(row === column)));
  const shape = predicted.kind === 'chances' ? [count] : [count, count];
  const decoded = predicted.task.decode({ data: Float32Array.from(sure), shape });
  const labels = decoded.map((one) => (one as { label?: unknown } | undefined)?.label);
  return labels.every((label) => typeof label === 'string') ? labels : [];
}

/**
 * The id of a class by its id or name.
 *
 * @throws `POLYTASK_UNKNOWN_NAME` for a name, `POLYTASK_INVALID_OPTION` for an id that there is not; with the option that has it.
 */
export function classId(predicted: Predicted, given: string | number, option: string): number {
  const { task, width } = predicted;
  const count = classCount(predicted) ?? width;
  const names = classNames(predicted);
  const id = typeof given === 'number' ? given : names.indexOf(given);
  if (Number.isInteger(id) && id >= 0 && id < count) return id;
  if (typeof given === 'string' && names.length > 0) {
    throw new UnknownNameError(`class of task \`${task.name}\``, given, names, option);
  }
  throw new InvalidOptionError(option, `the id of a class of task \`${task.name}\`, 0 to ${count - 1}`, given);
}

import {
  type AnyTask,
  either,
  InvalidOptionError,
  mapping,
  required,
  type Taken,
  taskName,
  text,
  whole,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { classCount, classId, isSingle, predictedBy, predictedWords } from '../predicted.js';
import type { Seen } from './constraint.js';

/** Something that is so or not in a row. */
export const event = either(
  [
    taskName(),
    mapping({
      task: required(taskName(), 'The task.'),
      class: required(
        either([whole({ from: 0 }), text('the name of a class')], 'the id or the name of a class'),
        'The class.',
      ),
    }),
  ],
  'a task of yes or no, or { task, class }',
);

/** An event in one run. */
export interface BoundEvent {
  readonly task: string;
  /** Its probability in every row. */
  chance(seen: Seen): tf.Tensor;
}

/** Finds the task. Errors: `POLYTASK_UNKNOWN_NAME`; `POLYTASK_INVALID_OPTION` where its predictions have no such probability. */
export function bindEvent(tasks: readonly AnyTask[], given: Taken<typeof event>, option: string): BoundEvent {
  if (typeof given === 'string') {
    const yes = predictedBy(tasks, given, option);
    if (yes.kind === 'chances' && isSingle(yes)) return { task: given, chance: ({ predict }) => predict(given) };
    throw new InvalidOptionError(
      option,
      'a task of yes or no, or { task, class }',
      given,
      `\`${given}\` is ${predictedWords(yes)}.`,
    );
  }
  const { task } = given;
  const predicted = predictedBy(tasks, task, `${option}.task`);
  const classes = classCount(predicted) ?? (predicted.kind === 'chances' ? predicted.width : undefined);
  if (classes === undefined) {
    throw new InvalidOptionError(
      `${option}.task`,
      'a task with classes',
      task,
      `\`${task}\` is ${predictedWords(predicted)}.`,
    );
  }
  const id = classId(predicted, given.class, `${option}.class`);
  if (predicted.kind === 'chances' && isSingle(predicted)) {
    return { task, chance: ({ predict }) => (id === 1 ? predict(task) : tf.sub(1, predict(task))) };
  }
  return {
    task,
    chance({ predict }) {
      const all = predict(task);
      const { shape } = all;
      const start = shape.map((_, axis) => (axis === shape.length - 1 ? id : 0));
      const size = shape.map((length, axis) => (axis === shape.length - 1 ? 1 : length));
      return tf.reshape(tf.slice(all, start, size), shape.slice(0, -1));
    },
  };
}

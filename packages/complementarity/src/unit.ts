import type { TaskConstants } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** The standard deviation of a task's training labels, where it learned one: what counts as 1 where its predictions are compared. */
export function deviationOf(constants: TaskConstants = {}): tf.Tensor | undefined {
  const { standardDeviation: found } = constants;
  if (found === undefined) return undefined;
  const numbers = typeof found === 'number' ? [found] : found;
  return numbers.length === 1 ? tf.scalar(numbers[0] as number) : tf.tensor1d([...numbers]);
}

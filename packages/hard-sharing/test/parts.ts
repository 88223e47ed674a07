import { type AnyTask, defineTask, type InputSpec, type StepContext, uniformStream } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** A task with one output, whose loss nobody calls. */
export function task(name: string, inputs?: readonly string[], shape: readonly (number | null)[] = []): AnyTask {
  return defineTask({
    name,
    type: 'test',
    ...(inputs && { inputs }),
    target: { shape: [], dtype: 'float32' },
    outputs: { value: shape },
    loss: () => tf.tensor1d([]),
    predict: () => tf.tensor1d([]),
    decode: () => [],
    metrics: [],
    primaryMetric: 'none' as never,
  }) as AnyTask;
}

/** A pass outside training, or in training with the same uniform numbers everywhere. */
export const step = (training: boolean): StepContext => ({
  training,
  uniform: (_path, shape) => tf.fill([...shape], 0.9),
});

export const float = (...shape: number[]): InputSpec => ({ shape, dtype: 'float32' });

/** Numbers between -1 and 1 that the seed gives. */
export function numbers(shape: readonly number[], seed = 0): tf.Tensor {
  const draw = uniformStream('numbers', seed);
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => 2 * draw() - 1),
    [...shape],
  );
}

/** What `run` throws. */
export function errorOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code: code ?? 'none', message };
  }
  return { code: 'nothing thrown', message: '' };
}

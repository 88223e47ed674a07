import { createTrainer, type Optimizer } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { linearTask, noise, readAll, rowsDataset, vectorSharing } from '../helpers/vectors.js';

/** Gradients that vary in sign and size from step to step, some of them zero. */
export const gradients: readonly (readonly number[])[] = Array.from({ length: 7 }, (_, step) =>
  noise(5, step).map((value, i) => (step === 2 && i < 2 ? 0 : value * 10 ** (i - 2))),
);

/** A vector trained by the trainer with these gradients, one a step: its start, and its values after each step. */
export async function takeSteps(optimizer: Optimizer, steps = gradients) {
  const size = steps[0]?.length ?? 0;
  const trainer = await createTrainer({
    tasks: [linearTask('a', size)],
    sharing: vectorSharing({ v: { size, usedBy: ['a'] } }),
    optimizer,
    inputs: { x: { shape: [1], dtype: 'float32' } },
    seed: 3,
  });
  const now = async () => Array.from((await readAll(trainer))['v/vector'] as Float32Array);
  const start = await now();
  const after: number[][] = [];
  for (const _ of steps) {
    const abort = new AbortController();
    const callbacks = [{ stepEnd: () => abort.abort() }];
    await trainer.fit(rowsDataset({ a: steps }), {
      epochs: 1,
      batchSize: 1,
      shuffle: false,
      signal: abort.signal,
      callbacks,
    });
    after.push(await now());
  }
  trainer.dispose();
  return { start, after };
}

/** The same by one of tfjs' own optimizers. */
export function stockSteps(optimizer: tf.Optimizer, start: readonly number[], steps = gradients): number[][] {
  const variable = tf.variable(tf.tensor1d([...start]));
  const after = steps.map((gradient) => {
    optimizer.minimize(() => tf.sum(tf.mul(variable, [...gradient])) as tf.Scalar, false, [variable]);
    return Array.from(variable.dataSync());
  });
  variable.dispose();
  optimizer.dispose();
  return after;
}

/** The same by hand, in float64: `move` gives the new value of one parameter. */
export function handSteps<State>(
  start: readonly number[],
  initial: () => State,
  move: (value: number, gradient: number, state: State, step: number) => number,
  steps = gradients,
): number[][] {
  const states = start.map(initial);
  let values = [...start];
  return steps.map((gradient, step) => {
    values = values.map((value, i) => move(value, gradient[i] as number, states[i] as State, step));
    return values;
  });
}

/** Largest difference, relative to the size of the steps that were taken. */
export function difference(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Math.max(
    ...a.flatMap((row, step) =>
      row.map((value, i) => Math.abs(value - (b[step]?.[i] ?? Number.NaN)) / (1 + Math.abs(value))),
    ),
  );
}

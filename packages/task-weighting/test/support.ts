import { balanceGradients, balanceLosses, type GradientBalancing, type LossWeighting } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

/** Gradients of two tasks with a cosine of -0.841191; the golden values of most methods are about these. */
export const goldenJacobian = [
  [-4, 1, 1],
  [6, 1, 1],
];

/** Names for this many tasks. */
export const taskNames = (count: number): string[] => Array.from({ length: count }, (_, k) => `task${k}`);

/** One loss weighting, step by step: the value of the loss, the effective weights, and the gradients of the method's own variables. */
export function openLosses(
  part: LossWeighting,
  tasks: number | readonly string[],
  options: Parameters<typeof balanceLosses>[2] = {},
) {
  const balance = balanceLosses(part, typeof tasks === 'number' ? taskNames(tasks) : tasks, options);
  return {
    ...balance,
    /** NaN stands for a task that is absent. */
    step(losses: readonly number[]) {
      const scalars = losses.map((loss) => (Number.isNaN(loss) ? null : tf.scalar(loss)));
      const own = balance.variables.map((variable) => variable as tf.Tensor);
      const { value, grads } =
        own.length === 0
          ? { value: tf.tidy(() => balance.loss(scalars)), grads: {} as { [name: string]: tf.Tensor } }
          : tf.variableGrads(() => balance.loss(scalars), own as tf.Variable[]);
      const weights = balance.weights();
      const found = {
        value: value.dataSync()[0] as number,
        weights: Array.from(weights.dataSync()),
        gradients: own.map((variable) => Array.from(grads[(variable as tf.Variable).name]?.dataSync() ?? [])),
      };
      tf.dispose([value, weights, grads, ...scalars.filter((scalar) => scalar !== null)]);
      balance.stepEnd();
      return found;
    },
  };
}

/** Weights and value of a loss weighting at its first step. */
export function weighted(part: LossWeighting, losses: readonly number[]) {
  const opened = openLosses(part, losses.length);
  const found = opened.step(losses);
  opened.dispose();
  return found;
}

/** One gradient balancing, step by step. */
export function openGradients(
  part: GradientBalancing,
  count: number,
  options: Parameters<typeof balanceGradients>[2] = {},
) {
  const balance = balanceGradients(part, taskNames(count), options);
  return {
    ...balance,
    async step(jacobian: readonly (readonly number[])[], losses?: readonly number[]) {
      const rows = tf.tensor2d(jacobian.map((row) => [...row]));
      const { direction, weights } = await balance.direction(rows, losses);
      const found = { direction: Array.from(direction.dataSync()), weights: weights && Array.from(weights) };
      tf.dispose([rows, direction]);
      balance.stepEnd();
      return found;
    },
  };
}

/** Direction and weights of a gradient balancing at its first step. */
export async function balanced(
  part: GradientBalancing,
  jacobian: readonly (readonly number[])[],
  losses?: readonly number[],
  options: Parameters<typeof balanceGradients>[2] = {},
) {
  const opened = openGradients(part, jacobian.length, options);
  const found = await opened.step(jacobian, losses);
  opened.dispose();
  return found;
}

/** Numbers within 1e-6 of the size of the largest, or of 1; what is looked at is float32 in most places. */
export function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[], within = 1e-6): void {
  const found = Array.from(actual ?? []);
  const size = Math.max(1, ...expected.map(Math.abs));
  const off = found.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  if (found.length === expected.length && off.every((difference) => difference <= within * size)) return;
  expect(found).toEqual(expected); // For a message that shows both.
}

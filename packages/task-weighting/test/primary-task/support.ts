import { gradientCosines } from '@polytask/core';
import fc from 'fast-check';

/** Three gradients in four dimensions. */
export const jacobians = fc.array(
  fc.array(
    fc.integer({ min: -3000, max: 3000 }).map((value) => value / 1000),
    { minLength: 4, maxLength: 4 },
  ),
  { minLength: 3, maxLength: 3 },
);

export const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** cos(a, b). */
export function cosine(a: readonly number[], b: readonly number[]): number {
  return gradientCosines(Float64Array.of(dot(a, a), dot(a, b), dot(a, b), dot(b, b)))[1] as number;
}

/** In conformance runs the first task is the primary one, whatever the order of the tasks. */
export const firstOf = (tasks: readonly string[]) => ({
  primary: tasks.includes('task1') ? 'task1' : (tasks[0] as string),
});

/**
 * Of one number per task, those of the tasks present.
 *
 * @param values `[K]`.
 * @param tasks Indices of the K' tasks present.
 * @returns `[K']`, in the order of `tasks`.
 * @example
 * ```ts
 * import { compact } from '@polytask/core';
 *
 * compact([5, 6, 7], [0, 2]); // => Float64Array(2) [ 5, 7 ]
 * ```
 */
export function compact(values: ArrayLike<number>, tasks: readonly number[]): Float64Array {
  return Float64Array.from(tasks, (task) => values[task] as number);
}

/**
 * Of a matrix of pairs of tasks, such as a Gramian, the rows and columns of the tasks present.
 *
 * @param matrix Row-major `[K, K]`.
 * @param tasks Indices of the K' tasks present.
 * @param k K.
 * @returns Row-major `[K', K']`.
 * @example
 * ```ts
 * import { compactMatrix } from '@polytask/core';
 *
 * compactMatrix(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [0, 2], 3); // => Float64Array(4) [ 1, 3, 7, 9 ]
 * ```
 */
export function compactMatrix(matrix: Float64Array, tasks: readonly number[], k: number): Float64Array {
  const result = new Float64Array(tasks.length ** 2);
  let at = 0;
  for (const row of tasks) for (const column of tasks) result[at++] = matrix[row * k + column] as number;
  return result;
}

/**
 * The way back from {@link compact}: one number per task.
 *
 * @param values `[K']`.
 * @param tasks Indices of the K' tasks present.
 * @param k K.
 * @returns `[K]`, 0 for tasks that are not present.
 * @example
 * ```ts
 * import { spread } from '@polytask/core';
 *
 * spread([5, 7], [0, 2], 3); // => Float64Array(3) [ 5, 0, 7 ]
 * ```
 */
export function spread(values: ArrayLike<number>, tasks: readonly number[], k: number): Float64Array {
  const all = new Float64Array(k);
  tasks.forEach((task, i) => {
    all[task] = values[i] as number;
  });
  return all;
}

/** Tasks in the order of their names, so that rounding, draws and ties do not depend on the order of declaration. */
export function inNameOrder(tasks: readonly number[], names: readonly string[]): number[] {
  return [...tasks].sort((a, b) => ((names[a] as string) < (names[b] as string) ? -1 : 1));
}

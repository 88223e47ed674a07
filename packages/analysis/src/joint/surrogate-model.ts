import { permutation, requireOption, uniformStream } from '@polytask/core';
import { Matrix, pseudoInverse } from 'ml-matrix';
import { requireSameRows } from '../numbers/matrices.js';
import { correlation } from '../numbers/statistics.js';

/** What {@link surrogateModel} finds. */
export interface SurrogateModel {
  /** Row t, column j: what the presence of task j adds to the score of task t; on the diagonal t's score by itself. */
  readonly relevance: readonly (readonly number[])[];
  /** By task, the correlation between what the model says of the subsets and what was measured; NaN where scores do not vary. */
  readonly fit: readonly number[];
}

/**
 * Surrogate of training on any set of tasks: a linear model of every task's score, fitted to a sample of sets.
 *
 * $$ \hat s_t(S) = \theta_{tt} + \sum_{j \in S,\ j \ne t} \theta_{tj} $$
 *
 * by least squares over the sets S that hold t.
 *
 * Shapes: n sets of task indices, scores `[n][K]` → θ `[K][K]`.
 *
 * @remarks Where the sets do not determine θ it is the smallest that fits. Sets of one size alone leave the diagonal and a constant
 * for all others undetermined. A subset model trained briefly is enough: what counts is the order of θ.
 * @param scores - By set, the score of every task; NaN where it was not measured, and for tasks outside the set.
 * @throws `POLYTASK_SHAPE_MISMATCH` where there are not as many sets as rows of scores.
 * @see D. Li, H. Nguyen and H. Zhang, "Identification of negative transfers in multitask learning using surrogate models", TMLR 2023,
 * https://arxiv.org/abs/2303.14582.
 * @example
 * ```ts
 * import { surrogateModel } from '@polytask/analysis';
 *
 * const sets = [[0], [1], [0, 1]];
 * const { relevance } = surrogateModel(sets, [[3, NaN], [NaN, 5], [4, 4.5]]);
 * console.log(relevance.map((row) => row.map((value) => value.toFixed(1)))); // => [ [ '3.0', '1.0' ], [ '-0.5', '5.0' ] ]
 * ```
 */
export function surrogateModel(
  subsets: readonly (readonly number[])[],
  scores: readonly ArrayLike<number>[],
): SurrogateModel {
  requireSameRows('`scores`', scores, subsets);
  const tasks = scores[0]?.length ?? 0;
  const relevance: number[][] = [];
  const fit: number[] = [];
  for (let task = 0; task < tasks; task++) {
    const known = subsets.flatMap((subset, n) =>
      subset.includes(task) && Number.isFinite(scores[n]?.[task]) ? [n] : [],
    );
    if (known.length === 0) {
      relevance.push(new Array(tasks).fill(Number.NaN));
      fit.push(Number.NaN);
      continue;
    }
    const members = new Matrix(
      known.map((n) => Array.from({ length: tasks }, (_, j) => ((subsets[n] ?? []).includes(j) ? 1 : 0))),
    );
    const found = known.map((n) => scores[n]?.[task] as number);
    const theta = pseudoInverse(members, 1e-9).mmul(Matrix.columnVector(found));
    relevance.push(theta.getColumn(0));
    fit.push(correlation(members.mmul(theta).getColumn(0), found));
  }
  return { relevance, fit };
}

/** How {@link sampleSubsets} draws. */
export interface SubsetOptions {
  /** Number of tasks. */
  readonly tasks: number;
  /** Tasks of each subset. */
  readonly size: number;
  /** How many subsets, all different. */
  readonly count: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Random sets of tasks, all different, in which every task is about as often as any other.
 *
 * Shapes: → at most `count` sets of `size` task indices, ascending; fewer where there are not that many.
 *
 * @throws `POLYTASK_INVALID_OPTION` for sizes that there cannot be.
 * @example
 * ```ts
 * import { sampleSubsets } from '@polytask/analysis';
 *
 * console.log(sampleSubsets({ tasks: 3, size: 2, count: 9 }).length); // => 3
 * ```
 */
export function sampleSubsets({ tasks, size, count, seed = 0 }: SubsetOptions): number[][] {
  const fits = Number.isInteger(size) && size >= 1 && size <= tasks;
  requireOption(fits, 'size', `a whole number from 1 to ${tasks}`, size);
  const uniform = uniformStream(seed, 'subsets');
  const found = new Map<string, number[]>();
  // Shuffled tasks are dealt out one after the other; near the end of all sets there are, most have been drawn before.
  let deck: number[] = [];
  for (let tries = 0; found.size < count && tries < 50 * count; tries++) {
    while (deck.length < size) deck.push(...permutation(tasks, uniform));
    const subset = [...new Set(deck.slice(0, size))].sort((a, b) => a - b);
    deck = deck.slice(size);
    if (subset.length === size) found.set(subset.join(), subset);
  }
  return [...found.values()];
}

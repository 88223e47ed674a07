/**
 * How many of the next `count` rows each source gives, in proportion to the sources' sizes. Rows are dealt out one at a
 * time to the source that is furthest behind, $\arg\min_s (t_s + \tfrac12) / n_s$ with $t_s$ rows taken of $n_s$ (ties:
 * the source named first), so that the shares are right over every stretch and each source has given exactly $n_s$ rows
 * when all $\sum_s n_s$ have been dealt.
 *
 * @param sizes - Rows in each source.
 * @param taken - Rows already taken of each source in this epoch; not changed.
 * @example
 * ```ts
 * import { proportionalRows } from '@polytask/core';
 *
 * console.log(proportionalRows([6, 2], [0, 0], 4)); // => [ 3, 1 ]
 * ```
 */
export function proportionalRows(sizes: readonly number[], taken: readonly number[], count: number): number[] {
  const total = [...taken];
  for (let i = 0; i < count; i++) {
    let next = 0;
    for (let s = 1; s < sizes.length; s++) {
      // (t_s + ½) / n_s < (t_next + ½) / n_next, in whole numbers.
      const own = (2 * (total[s] as number) + 1) * (sizes[next] as number);
      const best = (2 * (total[next] as number) + 1) * (sizes[s] as number);
      if (own < best) next = s;
    }
    total[next] = (total[next] as number) + 1;
  }
  return total.map((rows, s) => rows - (taken[s] as number));
}

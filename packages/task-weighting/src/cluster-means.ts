import { sumOf } from './solvers/dense.js';

/**
 * The mean of every number's cluster, by k-means on a line, exactly: of all ways to cut the sorted numbers into groups,
 * the one with the least sum of squares, found by dynamic programming.
 *
 * @param values `[n]`, at least one.
 * @param groups The most clusters there may be.
 * @returns `[n]`, in the order of `values`.
 */
export function clusterMeans(values: ArrayLike<number>, groups: number): Float64Array {
  const numbers = Float64Array.from(values);
  const n = numbers.length;
  const order = Array.from(numbers.keys()).sort((a, b) => (numbers[a] as number) - (numbers[b] as number));
  const sorted = order.map((i) => numbers[i] as number);
  const spreadOf = spreads(sorted);
  // best[g][j]: the least spread of the first j numbers in g + 1 groups, and where the last of them begins.
  const best = [Array.from({ length: n + 1 }, (_, j) => ({ spread: spreadOf(0, j), from: 0 }))];
  for (let g = 1; g < Math.min(groups, n); g++) {
    const before = best[g - 1] as (typeof best)[number];
    best.push(
      Array.from({ length: n + 1 }, (_, j) => {
        let least = before[j] as (typeof before)[number];
        for (let i = g; i < j; i++) {
          const spread = (before[i]?.spread as number) + spreadOf(i, j);
          if (spread < least.spread) least = { spread, from: i };
        }
        return least;
      }),
    );
  }
  const means = new Float64Array(n);
  let end = n;
  for (let g = best.length - 1; end > 0; g--) {
    const { from } = (best[g] as (typeof best)[number])[end] as (typeof best)[number][number];
    const mean = sumOf(sorted.slice(from, end)) / (end - from);
    for (const i of order.slice(from, end)) means[i] = mean;
    end = from;
  }
  return means;
}

/** Sums of squares around the mean, of `sorted[i]` to `sorted[j - 1]`. */
function spreads(sorted: readonly number[]): (i: number, j: number) => number {
  // Around the mean of all, or rounding would take what matters.
  const center = sumOf(sorted) / sorted.length;
  const sums = [0];
  const squares = [0];
  sorted.forEach((value, i) => {
    sums.push((sums[i] as number) + value - center);
    squares.push((squares[i] as number) + (value - center) ** 2);
  });
  return (i, j) => {
    if (j - i < 2) return 0;
    const sum = (sums[j] as number) - (sums[i] as number);
    return (squares[j] as number) - (squares[i] as number) - sum ** 2 / (j - i);
  };
}

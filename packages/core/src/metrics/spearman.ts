import { describeMetric } from './describe-metric.js';
import { eachLabelled, metricLayout, requireValues } from './metric-layout.js';

/**
 * Spearman's rank correlation, Pearson's correlation of ranks:
 *
 * $$ \rho = \frac{\sum_i w_i\, (r_i - \bar r)(s_i - \bar s)}{\sqrt{\sum_i w_i\, (r_i - \bar r)^2\, \sum_i w_i\, (s_i - \bar s)^2}} $$
 *
 * where $r$ and $s$ are the ranks of predictions and targets, equal values sharing the mean of their ranks, and $w$ the weights: a row
 * of weight 2 counts, and is ranked, as two rows. For vectors, the mean over columns.
 *
 * Shapes: predictions and targets [rows] or [rows, n]; higher is better; whether predictions are in the right order, whatever their size.
 *
 * @remarks Memory grows with the rows: 24 bytes per label. Columns whose targets, or predictions, are all the same are left out;
 * NaN where none is left, and where a prediction is NaN. Labels that are NaN are left out, rows of weight 0 too.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions of another shape than the targets.
 * @see SciPy, `scipy.stats.spearmanr`.
 * @example
 * ```ts
 * import { spearman } from '@polytask/core';
 *
 * const running = spearman().start();
 * running.update({
 *   predictions: { data: new Float32Array([1, 10, 100]), shape: [3] },
 *   targets: { data: new Float32Array([2, 3, 4]), shape: [3] },
 *   weights: new Float32Array([1, 1, 1]),
 * });
 * console.log(running.result()); // => 1
 * ```
 */
export const spearman = describeMetric({
  name: 'spearman',
  summary: 'Correlation between the ranks of predictions and targets.',
  cites: [
    {
      authors: 'C. Spearman',
      title: 'The proof and measurement of association between two things',
      venue: 'American Journal of Psychology 15',
      year: 1904,
      url: 'https://doi.org/10.2307/1412159',
    },
  ],
  options: {},
  better: 'higher',
  start() {
    const columns = new Map<number, Column>();
    return {
      update(rows) {
        const layout = metricLayout('spearman', rows);
        requireValues(layout, rows);
        eachLabelled(rows, layout, false, (index, key, weight) => {
          const column = columns.get(key) ?? { predicted: [], targets: [], weights: [] };
          columns.set(key, column);
          column.predicted.push(rows.predictions.data[index] as number);
          column.targets.push(rows.targets.data[index] as number);
          column.weights.push(weight);
        });
      },
      result() {
        let sum = 0;
        let count = 0;
        for (const { predicted, targets, weights } of columns.values()) {
          if (predicted.some(Number.isNaN)) return Number.NaN;
          const value = correlation(ranks(predicted, weights), ranks(targets, weights), weights);
          if (value === undefined) continue;
          sum += value;
          count += 1;
        }
        return sum / count;
      },
    };
  },
});

interface Column {
  readonly predicted: number[];
  readonly targets: number[];
  readonly weights: number[];
}

/** Mean ranks; a value's rank is the weight below it and half of the weight of those equal to it. */
function ranks(values: readonly number[], weights: readonly number[]): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const found = new Float64Array(values.length);
  let below = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let equal = 0;
    for (; end < order.length && values[order[end] as number] === values[order[start] as number]; end++) {
      equal += weights[order[end] as number] as number;
    }
    for (const row of order.subarray(start, end)) found[row] = below + equal / 2;
    below += equal;
    start = end;
  }
  return found;
}

/** Undefined where one side is all the same. */
function correlation(a: Float64Array, b: Float64Array, weights: readonly number[]): number | undefined {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (values: Float64Array) =>
    values.reduce((sum, value, i) => sum + (weights[i] as number) * value, 0) / total;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, squaresA, squaresB] = [0, 0, 0];
  weights.forEach((weight, i) => {
    const [x, y] = [(a[i] as number) - meanA, (b[i] as number) - meanB];
    both += weight * x * y;
    squaresA += weight * x * x;
    squaresB += weight * y * y;
  });
  return squaresA > 0 && squaresB > 0 ? both / Math.sqrt(squaresA * squaresB) : undefined;
}

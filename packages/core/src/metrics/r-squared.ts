import { compensatedSum, type RunningSum } from './compensated-sum.js';
import { describeMetric } from './describe-metric.js';
import { eachLabelled, metricLayout, requireValues } from './metric-layout.js';

/**
 * R², the share of the targets' variance that predictions explain:
 *
 * $$ R^2 = 1 - \frac{\sum_i w_i\, (\hat y_i - y_i)^2}{\sum_i w_i\, (y_i - \bar y)^2} $$
 *
 * where $\hat y$ are the predictions, $y$ the targets, $\bar y$ their weighted mean and $w$ the weights. For vectors, the mean over
 * columns.
 *
 * Shapes: predictions and targets [rows] or [rows, n]; higher is better; 0 is what the mean of these targets would get.
 *
 * @remarks In one pass, the denominator by West's weighted form of Welford's recurrence. Columns whose targets are all the same
 * have no R² and are left out; NaN where no column is left (scikit-learn puts 0 or 1 there). Labels that are NaN are left out,
 * rows of weight 0 too.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions of another shape than the targets.
 * @see scikit-learn, `r2_score`.
 * @example
 * ```ts
 * import { rSquared } from '@polytask/core';
 *
 * const running = rSquared().start();
 * running.update({
 *   predictions: { data: new Float32Array([1, 2, 4]), shape: [3] },
 *   targets: { data: new Float32Array([1, 2, 3]), shape: [3] },
 *   weights: new Float32Array([1, 1, 1]),
 * });
 * console.log(running.result()); // => 0.5
 * ```
 */
export const rSquared = describeMetric({
  name: 'r2',
  summary: "Share of the targets' variance that predictions explain.",
  cites: [
    {
      authors: 'D. H. D. West',
      title: 'Updating mean and variance estimates: an improved method',
      venue: 'Communications of the ACM 22',
      year: 1979,
      url: 'https://doi.org/10.1145/359146.359153',
      note: 'The recurrence of the denominator.',
    },
  ],
  options: {},
  better: 'higher',
  start() {
    const columns = new Map<number, Column>();
    return {
      update(rows) {
        const layout = metricLayout('r2', rows);
        requireValues(layout, rows);
        eachLabelled(rows, layout, false, (index, key, weight) => {
          let column = columns.get(key);
          if (column === undefined) {
            column = { weight: 0, mean: 0, spread: compensatedSum(), errors: compensatedSum() };
            columns.set(key, column);
          }
          const target = rows.targets.data[index] as number;
          const error = (rows.predictions.data[index] as number) - target;
          column.errors.add(weight * error * error);
          column.weight += weight;
          const step = target - column.mean;
          // weight / weight is exactly 1 in the first row, so that equal targets leave no spread by rounding.
          column.mean += step * (weight / column.weight);
          column.spread.add(weight * step * (target - column.mean));
        });
      },
      result() {
        let sum = 0;
        let count = 0;
        for (const { spread, errors } of columns.values()) {
          if (spread.value() === 0) continue;
          sum += 1 - errors.value() / spread.value();
          count += 1;
        }
        return sum / count;
      },
    };
  },
});

interface Column {
  weight: number;
  mean: number;
  readonly spread: RunningSum;
  readonly errors: RunningSum;
}

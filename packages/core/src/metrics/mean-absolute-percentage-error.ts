import { columnMeans } from './column-means.js';
import { describeMetric } from './describe-metric.js';
import { eachLabelled, metricLayout, requireValues } from './metric-layout.js';

/**
 * Mean absolute percentage error, as a share and not times 100:
 *
 * $$ \frac{1}{\sum_i w_i} \sum_i w_i\, \frac{|\hat y_i - y_i|}{\max(|y_i|,\ 2^{-52})} $$
 *
 * where $\hat y$ are the predictions, $y$ the targets and $w$ the weights. For vectors, the mean over columns.
 *
 * Shapes: predictions and targets [rows] or [rows, n]; lower is better.
 *
 * @remarks A target of 0 makes it huge, as in scikit-learn. Labels that are NaN are left out, rows of weight 0 too. NaN before the
 * first label.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions of another shape than the targets.
 * @see scikit-learn, `mean_absolute_percentage_error`.
 * @example
 * ```ts
 * import { meanAbsolutePercentageError } from '@polytask/core';
 *
 * const running = meanAbsolutePercentageError().start();
 * running.update({
 *   predictions: { data: new Float32Array([1, 5]), shape: [2] },
 *   targets: { data: new Float32Array([2, 4]), shape: [2] },
 *   weights: new Float32Array([1, 1]),
 * });
 * console.log(running.result()); // => 0.375
 * ```
 */
export const meanAbsolutePercentageError = describeMetric({
  name: 'mape',
  summary: 'Mean absolute error as a share of the target.',
  options: {},
  better: 'lower',
  start() {
    const means = columnMeans();
    return {
      update(rows) {
        const layout = metricLayout('mape', rows);
        requireValues(layout, rows);
        eachLabelled(rows, layout, false, (index, column, weight) => {
          const target = rows.targets.data[index] as number;
          const error = Math.abs((rows.predictions.data[index] as number) - target);
          means.add(column, error / Math.max(Math.abs(target), Number.EPSILON), weight);
        });
      },
      result: () => means.result(),
    };
  },
});

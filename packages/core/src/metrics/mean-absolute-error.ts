import { columnMeans } from './column-means.js';
import { describeMetric } from './describe-metric.js';
import { eachLabelled, metricLayout, requireValues } from './metric-layout.js';

/**
 * Mean absolute error, in the units of the data:
 *
 * $$ \mathrm{MAE} = \frac{\sum_i w_i\, |\hat y_i - y_i|}{\sum_i w_i} $$
 *
 * where $\hat y$ are the predictions, $y$ the targets and $w$ the weights. For vectors, the mean over columns.
 *
 * Shapes: predictions and targets [rows] or [rows, n]; lower is better.
 *
 * @remarks Columns count the same, however many of their labels are missing, as in scikit-learn. Labels that are NaN are left
 * out, rows of weight 0 too. NaN before the first label.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions of another shape than the targets.
 * @see scikit-learn, `mean_absolute_error`.
 * @example
 * ```ts
 * import { meanAbsoluteError } from '@polytask/core';
 *
 * const running = meanAbsoluteError().start();
 * running.update({
 *   predictions: { data: new Float32Array([1, 2]), shape: [2] },
 *   targets: { data: new Float32Array([2, 5]), shape: [2] },
 *   weights: new Float32Array([1, 1]),
 * });
 * console.log(running.result()); // => 2
 * ```
 */
export const meanAbsoluteError = describeMetric({
  name: 'mae',
  summary: 'Mean absolute error, in the units of the data.',
  options: {},
  better: 'lower',
  start() {
    const means = columnMeans();
    return {
      update(rows) {
        const layout = metricLayout('mae', rows);
        requireValues(layout, rows);
        eachLabelled(rows, layout, false, (index, column, weight) => {
          const error = (rows.predictions.data[index] as number) - (rows.targets.data[index] as number);
          means.add(column, Math.abs(error), weight);
        });
      },
      result: () => means.result(),
    };
  },
});

import { eachDecision } from './class-predictions.js';
import { compensatedSum } from './compensated-sum.js';
import { describeMetric, thresholdOptions } from './describe-metric.js';
import { metricLayout } from './metric-layout.js';

/**
 * Accuracy: the weighted share of labels that were predicted right,
 *
 * $$ \mathrm{accuracy} = \frac{\sum_i w_i\, [\hat y_i = y_i]}{\sum_i w_i} $$
 *
 * where $y_i$ is a label, $\hat y_i$ the most probable class (or whether the probability of a yes reaches the threshold) and
 * $w_i$ the weight of its row.
 *
 * Shapes: predictions [rows, ..., C] with targets [rows, ...] of class ids, or both [rows, ...] for a yes or no; higher is better.
 *
 * @remarks With several labels per row (tokens, pixels, multi-label) every label counts, not every row. Labels that are NaN or
 * negative are left out, rows of weight 0 too. Ties go to the lower class id. NaN before the first label.
 * @throws `POLYTASK_INVALID_OPTION` for a threshold outside (0, 1).
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `accuracy_score`, https://scikit-learn.org/stable/modules/model_evaluation.html#accuracy-score.
 * @example
 * ```ts
 * import { accuracy } from '@polytask/core';
 *
 * const running = accuracy().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.9, 0.1, 0.3, 0.7]), shape: [2, 2] },
 *   targets: { data: new Int32Array([0, 0]), shape: [2] },
 *   weights: new Float32Array([1, 1]),
 * });
 * console.log(running.result()); // => 0.5
 * ```
 */
export const accuracy = describeMetric({
  name: 'accuracy',
  summary: 'Weighted share of labels that were predicted right.',
  options: thresholdOptions,
  better: 'higher',
  start({ threshold }) {
    const right = compensatedSum();
    const total = compensatedSum();
    return {
      update(rows) {
        eachDecision(metricLayout('accuracy', rows), rows, threshold, (target, predicted, weight) => {
          total.add(weight);
          if (predicted === target) right.add(weight);
        });
      },
      result: () => right.value() / total.value(),
    };
  },
});

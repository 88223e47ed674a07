import { eachDecision } from './class-predictions.js';
import { describeMetric, thresholdOptions } from './describe-metric.js';
import { metricLayout } from './metric-layout.js';

/**
 * Balanced accuracy: the mean over classes of the share of their labels that were predicted right,
 *
 * $$ \frac{1}{|S|} \sum_{c \in S} \frac{\sum_i w_i\, [y_i = c]\, [\hat y_i = c]}{\sum_i w_i\, [y_i = c]} $$
 *
 * where $S$ are the classes that occur among the labels $y$, and $\hat y_i$ is the predicted class.
 *
 * Shapes: predictions [rows, ..., C] with targets [rows, ...] of class ids; or both [rows] for a yes or no; or both [rows, labels] for
 * multi-label, the mean over labels. Higher is better; to say the most frequent class of every row gets 1 / |S|.
 *
 * @remarks Labels that are NaN or negative are left out, rows of weight 0 too. NaN before the first label.
 * @throws `POLYTASK_INVALID_OPTION` for a threshold outside (0, 1).
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `balanced_accuracy_score`.
 * @example
 * ```ts
 * import { balancedAccuracy } from '@polytask/core';
 *
 * const running = balancedAccuracy().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.1, 0.2, 0.3, 0.4]), shape: [4] },
 *   targets: { data: new Int32Array([0, 0, 0, 1]), shape: [4] },
 *   weights: new Float32Array([1, 1, 1, 1]),
 * });
 * console.log(running.result()); // => 0.5
 * ```
 */
export const balancedAccuracy = describeMetric({
  name: 'balancedAccuracy',
  summary: 'Mean over classes of the share of their labels that were predicted right.',
  options: thresholdOptions,
  better: 'higher',
  start({ threshold }) {
    /** By label of a multi-label task (else under 0), then by class: weight that was right, and in all. */
    const groups = new Map<number, Map<number, { right: number; all: number }>>();
    return {
      update(rows) {
        const layout = metricLayout('balancedAccuracy', rows);
        const perLabel = layout.classes === 1 && !layout.flat;
        eachDecision(layout, rows, threshold, (target, predicted, weight, column) => {
          const key = perLabel ? column : 0;
          const classes = groups.get(key) ?? new Map<number, { right: number; all: number }>();
          groups.set(key, classes);
          const counts = classes.get(target) ?? { right: 0, all: 0 };
          classes.set(target, counts);
          counts.all += weight;
          if (predicted === target) counts.right += weight;
        });
      },
      result: () =>
        mean([...groups.values()].map((classes) => mean([...classes.values()].map(({ right, all }) => right / all)))),
    };
  },
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

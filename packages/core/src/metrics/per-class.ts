import { confusionCounts } from './confusion-counts.js';
import { describeMetric, thresholdOptions } from './describe-metric.js';

/**
 * Precision, recall, F1 and weight of the labels of every class:
 *
 * $$ P_c = \frac{TP_c}{TP_c + FP_c}, \qquad R_c = \frac{TP_c}{TP_c + FN_c}, \qquad F_c = \frac{2\, TP_c}{2\, TP_c + FP_c + FN_c} $$
 *
 * Shapes: predictions [rows, ..., C] with targets [rows, ...] of class ids → [C, 4]; both [rows] for a yes or no → [2, 4]; both
 * [rows, labels] for multi-label → [labels, 4], of the yes. Neither higher nor lower is better.
 *
 * @remarks 0 where a class was never predicted (precision) or never occurs (recall), as in scikit-learn with `zero_division=0`.
 * Labels that are NaN or negative are left out, rows of weight 0 too, and so are predictions that are NaN. Empty before the first rows.
 * @throws `POLYTASK_INVALID_OPTION` for a threshold outside (0, 1).
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `precision_recall_fscore_support`.
 * @example
 * ```ts
 * import { perClass } from '@polytask/core';
 *
 * const running = perClass().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.9, 0.8, 0.1]), shape: [3] },
 *   targets: { data: new Int32Array([1, 0, 0]), shape: [3] },
 *   weights: new Float32Array([1, 1, 1]),
 * });
 * console.log(running.result()[1]?.map((value) => value.toFixed(2))); // => [ '0.50', '1.00', '0.67', '1.00' ]
 * ```
 */
export const perClass = describeMetric({
  name: 'perClass',
  summary: 'Precision, recall, F1 and weight of the labels of every class.',
  options: thresholdOptions,
  better: 'none',
  start({ threshold }) {
    const running = confusionCounts({ threshold }).start();
    let perLabel = false;
    return {
      update(rows) {
        perLabel = rows.targets.shape.length > 1 && rows.predictions.shape.length === rows.targets.shape.length;
        running.update(rows);
      },
      result(): readonly (readonly number[])[] {
        const counts = running.result();
        if (perLabel)
          return counts.map(([_, falsePositives = 0, misses = 0, hits = 0]) => scores(hits, falsePositives, misses));
        return counts.map((row, c) => {
          const hits = row[c] as number;
          const predicted = counts.reduce((sum, other) => sum + (other[c] as number), 0);
          const actual = row.reduce((sum, count) => sum + count, 0);
          return scores(hits, predicted - hits, actual - hits);
        });
      },
    };
  },
});

function scores(hits: number, falsePositives: number, misses: number): number[] {
  const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const f1 = ratio(2 * hits, 2 * hits + falsePositives + misses);
  return [ratio(hits, hits + falsePositives), ratio(hits, hits + misses), f1, hits + misses];
}

import { eachDecision } from './class-predictions.js';
import { describeMetric, thresholdOptions } from './describe-metric.js';
import { metricLayout } from './metric-layout.js';

/**
 * Confusion counts: how often each class was taken for which,
 *
 * $$ N_{ab} = \sum_i w_i\, [y_i = a]\, [\hat y_i = b] $$
 *
 * where $y_i$ is a label, $\hat y_i$ the predicted class and $w_i$ the weight of its row.
 *
 * Shapes: predictions [rows, ..., C] with targets [rows, ...] of class ids → [C, C], a row per true class; both [rows] for a yes or
 * no → [2, 2]; both [rows, labels] for multi-label → [labels, 4] with true negatives, false positives, false negatives and true
 * positives of every label. Neither higher nor lower is better.
 *
 * @remarks A row of four is a label's 2 × 2 table read row by row. Labels that are NaN or negative are left out, rows of weight 0
 * too, and so are predictions that are NaN. Empty before the first rows.
 * @throws `POLYTASK_INVALID_OPTION` for a threshold outside (0, 1).
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `confusion_matrix` and `multilabel_confusion_matrix`.
 * @example
 * ```ts
 * import { confusionCounts } from '@polytask/core';
 *
 * const running = confusionCounts().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.9, 0.8, 0.1]), shape: [3] },
 *   targets: { data: new Int32Array([1, 0, 0]), shape: [3] },
 *   weights: new Float32Array([1, 1, 1]),
 * });
 * console.log(running.result()); // => [ [ 1, 1 ], [ 0, 1 ] ]
 * ```
 */
export const confusionCounts = describeMetric({
  name: 'confusion',
  summary: 'How often each class was taken for which.',
  options: thresholdOptions,
  better: 'none',
  start({ threshold }) {
    let counts: number[][] = [];
    return {
      update(rows) {
        const layout = metricLayout('confusion', rows);
        const { classes, perRow, flat } = layout;
        const perLabel = classes === 1 && !flat;
        const side = Math.max(classes, 2);
        if (counts.length === 0) counts = perLabel ? zeros(perRow, 4) : zeros(side, side);
        eachDecision(layout, rows, threshold, (target, predicted, weight, column) => {
          if (predicted < 0) return;
          const row = counts[perLabel ? column : target] as number[];
          const at = perLabel ? 2 * target + predicted : predicted;
          row[at] = (row[at] as number) + weight;
        });
      },
      result: (): readonly (readonly number[])[] => counts.map((row) => [...row]),
    };
  },
});

function zeros(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
}

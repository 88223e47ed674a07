import type { MetricRows } from '../contracts/metric.js';
import { sizeOf } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';

/** How the predictions of a metric's rows lie next to their targets. */
export interface MetricLayout {
  /** Name of the metric, for messages. */
  readonly metric: string;
  /** Predictions per target: the number of classes, or 1 where predictions and targets have the same shape. */
  readonly classes: number;
  /** Targets per row. */
  readonly perRow: number;
  /** Whether targets have one dimension, that of rows. */
  readonly flat: boolean;
}

/**
 * Reads the layout off the shapes: predictions [...targets, C] are probabilities of C classes, predictions [...targets] are
 * probabilities of a yes, or values.
 *
 * @throws `POLYTASK_SHAPE_MISMATCH` for anything else, and where there is not one weight per row.
 */
export function metricLayout(metric: string, { predictions, targets, weights }: MetricRows): MetricLayout {
  const rank = targets.shape.length;
  const extra = predictions.shape.length - rank;
  if ((extra !== 0 && extra !== 1) || targets.shape.some((length, i) => length !== predictions.shape[i])) {
    throw new ShapeMismatchError(
      `The predictions given to metric \`${metric}\``,
      `[${targets.shape.join(', ')}], or that and a number of classes`,
      predictions.shape,
      'A metric compares what a task predicts with the targets of the same rows.',
    );
  }
  if (weights.length !== targets.shape[0]) {
    throw new ShapeMismatchError(
      `The weights given to metric \`${metric}\``,
      [targets.shape[0] ?? 1],
      [weights.length],
    );
  }
  return {
    metric,
    classes: extra === 1 ? (predictions.shape[rank] as number) : 1,
    perRow: sizeOf(targets.shape.slice(1)),
    flat: rank === 1,
  };
}

/** @throws `POLYTASK_SHAPE_MISMATCH` where a metric that needs a value per target is given classes. */
export function requireValues({ metric, classes }: MetricLayout, { predictions, targets }: MetricRows): void {
  if (classes === 1) return;
  throw new ShapeMismatchError(`The predictions given to metric \`${metric}\``, targets.shape, predictions.shape);
}

/**
 * Calls `visit` for every target that has a label and a weight above 0: its flat index, its column within the row, its weight.
 * Labels that are NaN are missing, and so are negative ones where `negativeIsMissing`.
 *
 * @throws `POLYTASK_LABELS` for a class id for which there is no prediction.
 */
export function eachLabelled(
  { targets, weights }: MetricRows,
  { metric, classes, perRow }: MetricLayout,
  negativeIsMissing: boolean,
  visit: (index: number, column: number, weight: number) => void,
): void {
  for (let row = 0; row < weights.length; row++) {
    const weight = weights[row] as number;
    if (!(weight > 0)) continue;
    for (let column = 0; column < perRow; column++) {
      const index = row * perRow + column;
      const target = targets.data[index] as number;
      if (Number.isNaN(target) || (negativeIsMissing && target < 0)) continue;
      if (classes > 1 && target >= classes) {
        throw new PolytaskError(
          'POLYTASK_LABELS',
          `Metric \`${metric}\` was given class ${target} as a label, but predictions of ${classes} classes. ` +
            'Correct the labels, or raise `classes` of the task.',
        );
      }
      visit(index, column, weight);
    }
  }
}

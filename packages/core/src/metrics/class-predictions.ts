import type { MetricRows } from '../contracts/metric.js';
import { eachLabelled, type MetricLayout } from './metric-layout.js';

/**
 * Calls `visit` for every labelled target with the class that was predicted: the most probable one, or 1 from `threshold` on
 * and 0 below. −1, which equals no target, stands for a prediction that is NaN. Targets of a yes or no are 1 from 0.5 on.
 */
export function eachDecision(
  layout: MetricLayout,
  rows: MetricRows,
  threshold: number,
  visit: (target: number, predicted: number, weight: number, column: number) => void,
): void {
  const predictions = rows.predictions.data;
  eachLabelled(rows, layout, true, (index, column, weight) => {
    const target = rows.targets.data[index] as number;
    if (layout.classes > 1) {
      visit(target, mostProbable(predictions, index * layout.classes, layout.classes), weight, column);
    } else {
      const probability = predictions[index] as number;
      const predicted = Number.isNaN(probability) ? -1 : probability >= threshold ? 1 : 0;
      visit(target >= 0.5 ? 1 : 0, predicted, weight, column);
    }
  });
}

function mostProbable(probabilities: ArrayLike<number>, start: number, classes: number): number {
  let best = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) {
    const probability = probabilities[start + c] as number;
    if (probability > highest) {
      highest = probability;
      best = c;
    }
  }
  return best;
}

import type { RunningMetric } from '../contracts/metric.js';
import { eachLabelled, metricLayout } from './metric-layout.js';

/** Scores of one label or class, and their weights: positive for a yes, negative for a no. */
export interface Curve {
  readonly scores: number[];
  readonly signed: number[];
}

/**
 * Gathers the scores of every label, or of every class against the rest, and gives the mean of what is measured of each.
 *
 * @param name - Of the metric, for messages.
 * @param measure - Of one curve; undefined where it cannot be measured, and the curve is left out.
 */
export function startCurves(name: string, measure: (curve: Curve) => number | undefined): RunningMetric<number> {
  const curves: Curve[] = [];
  const add = (label: number, score: number, positive: boolean, weight: number) => {
    for (let l = curves.length; l <= label; l++) curves.push({ scores: [], signed: [] });
    const curve = curves[label] as Curve;
    curve.scores.push(score);
    curve.signed.push(positive ? weight : -weight);
  };
  return {
    update(rows) {
      const layout = metricLayout(name, rows);
      const { classes } = layout;
      eachLabelled(rows, layout, true, (index, column, weight) => {
        const target = rows.targets.data[index] as number;
        if (classes === 1) add(column, rows.predictions.data[index] as number, target >= 0.5, weight);
        else {
          for (let c = 0; c < classes; c++) {
            add(c, rows.predictions.data[index * classes + c] as number, c === target, weight);
          }
        }
      });
    },
    result() {
      let sum = 0;
      let count = 0;
      for (const curve of curves) {
        const value = measure(curve);
        if (value === undefined) continue;
        sum += value;
        count += 1;
      }
      return sum / count;
    },
  };
}

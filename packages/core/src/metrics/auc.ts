import { describeMetric } from './describe-metric.js';
import { type Curve, startCurves } from './score-curves.js';

/**
 * Area under the ROC curve: the probability that a positive row gets a higher score than a negative one, ties counting half,
 *
 * $$ \mathrm{AUC} = \frac{\sum_{i: y_i = 1} \sum_{j: y_j = 0} w_i w_j \left( [s_i > s_j] + \tfrac12 [s_i = s_j] \right)}
 * {\sum_{i: y_i = 1} w_i \sum_{j: y_j = 0} w_j} $$
 *
 * where $s$ are the predicted probabilities, $y$ the labels and $w$ the weights. Exact, by ranks.
 *
 * Shapes: predictions and targets [rows] for a yes or no; both [rows, labels] for multi-label, or predictions [rows, ..., C] with
 * targets [rows, ...] of class ids: then the mean over labels, or over classes of one against the rest. Higher is better.
 *
 * @remarks Memory grows with the rows: 16 bytes per labelled row and label or class. Labels and classes that do not have both a
 * yes and a no are left out of the mean (scikit-learn refuses them). NaN where none is left, and where a score is NaN. Labels
 * that are NaN or negative are left out, rows of weight 0 too.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @example
 * ```ts
 * import { auc } from '@polytask/core';
 *
 * const running = auc().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.1, 0.4, 0.35, 0.8]), shape: [4] },
 *   targets: { data: new Int32Array([0, 0, 1, 1]), shape: [4] },
 *   weights: new Float32Array([1, 1, 1, 1]),
 * });
 * console.log(running.result()); // => 0.75
 * ```
 */
export const auc = describeMetric({
  name: 'auc',
  summary: 'Area under the ROC curve.',
  cites: [
    {
      authors: 'J. A. Hanley and B. J. McNeil',
      title: 'The meaning and use of the area under a receiver operating characteristic (ROC) curve',
      venue: 'Radiology 143',
      year: 1982,
      url: 'https://doi.org/10.1148/radiology.143.1.7063747',
    },
  ],
  options: {},
  better: 'higher',
  start: () => startCurves('auc', areaUnder),
});

/** Goes up the scores; each group of equal scores beats all negatives below it and half of its own. */
function areaUnder({ scores, signed }: Curve): number | undefined {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let positives = 0;
  let negatives = 0;
  let won = 0;
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i] as number] as number;
    if (Number.isNaN(score)) return Number.NaN;
    let up = 0;
    let down = 0;
    do {
      const weight = signed[order[i] as number] as number;
      if (weight > 0) up += weight;
      else down -= weight;
      i += 1;
    } while (i < order.length && scores[order[i] as number] === score);
    won += up * (negatives + down / 2);
    positives += up;
    negatives += down;
  }
  return positives > 0 && negatives > 0 ? won / (positives * negatives) : undefined;
}

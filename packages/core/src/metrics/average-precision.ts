import { describeMetric } from './describe-metric.js';
import { type Curve, startCurves } from './score-curves.js';

/**
 * Average precision, the area under the curve of precision over recall in steps:
 *
 * $$ \mathrm{AP} = \sum_n (R_n - R_{n-1})\, P_n $$
 *
 * where $P_n$ and $R_n$ are precision and recall of the yes at the n-th threshold, from the highest score down.
 *
 * Shapes: predictions (probabilities of a yes) and targets [rows]; or both [rows, labels], the mean over labels; or predictions
 * [rows, ..., C] with class ids [rows, ...], the mean over classes of one against the rest. Higher is better; a score that says nothing
 * gets the share of the yes, and not 0.5, so that it tells more than AUC where a yes is rare.
 *
 * @remarks Memory grows with the rows, as for {@link auc}. Labels and classes without a yes are left out of the mean
 * (scikit-learn counts them 0). NaN where none is left, and where a score is NaN. Labels that are NaN or negative are left out, rows of
 * weight 0 too.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `average_precision_score`.
 * @example
 * ```ts
 * import { averagePrecision } from '@polytask/core';
 *
 * const running = averagePrecision().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.1, 0.4, 0.35, 0.8]), shape: [4] },
 *   targets: { data: new Int32Array([0, 0, 1, 1]), shape: [4] },
 *   weights: new Float32Array([1, 1, 1, 1]),
 * });
 * console.log(running.result().toFixed(4)); // => 0.8333
 * ```
 */
export const averagePrecision = describeMetric({
  name: 'averagePrecision',
  summary: 'Area under the curve of precision over recall.',
  cites: [
    {
      authors: 'J. Davis and M. Goadrich',
      title: 'The relationship between precision-recall and ROC curves',
      venue: 'ICML',
      year: 2006,
      url: 'https://doi.org/10.1145/1143844.1143874',
    },
  ],
  options: {},
  better: 'higher',
  start: () => startCurves('averagePrecision', stepArea),
});

/** Goes down the scores; those that are equal are taken for a yes together. */
function stepArea({ scores, signed }: Curve): number | undefined {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  let positives = 0;
  for (const weight of signed) if (weight > 0) positives += weight;
  if (positives === 0) return undefined;
  let hits = 0;
  let taken = 0;
  let area = 0;
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i] as number] as number;
    if (Number.isNaN(score)) return Number.NaN;
    let gained = 0;
    do {
      const weight = signed[order[i] as number] as number;
      if (weight > 0) gained += weight;
      taken += Math.abs(weight);
      i += 1;
    } while (i < order.length && scores[order[i] as number] === score);
    hits += gained;
    area += (gained / positives) * (hits / taken);
  }
  return area;
}

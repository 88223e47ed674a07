import type { RunningMetric } from '../contracts/metric.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { eachDecision } from './class-predictions.js';
import { describeMetric, thresholdOptions } from './describe-metric.js';
import { metricLayout } from './metric-layout.js';

/**
 * F1 of a yes or no: the harmonic mean of precision and recall of the yes,
 *
 * $$ F_1 = \frac{2\, TP}{(TP + FP) + (TP + FN)} $$
 *
 * where $TP$, $FP$ and $FN$ are the weights of true positives, false positives and false negatives.
 *
 * Shapes: predictions (probabilities of a yes) and targets [rows]; higher is better.
 *
 * @remarks 0 where no yes occurs in labels and predictions, as in scikit-learn. Labels that are NaN or negative are left out,
 * rows of weight 0 too. NaN before the first label.
 * @throws `POLYTASK_INVALID_OPTION` for a threshold outside (0, 1).
 * @throws `POLYTASK_SHAPE_MISMATCH` for classes and for several labels per row, which {@link macroF1} and {@link microF1} take.
 * @see scikit-learn, `f1_score` with `average='binary'`.
 * @example
 * ```ts
 * import { f1 } from '@polytask/core';
 *
 * const running = f1().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.9, 0.8, 0.1]), shape: [3] },
 *   targets: { data: new Int32Array([1, 0, 1]), shape: [3] },
 *   weights: new Float32Array([1, 1, 1]),
 * });
 * console.log(running.result()); // => 0.5
 * ```
 */
export const f1 = /* @__PURE__ */ describeMetric({
  name: 'f1',
  summary: 'Harmonic mean of precision and recall of the yes.',
  cites: [
    {
      authors: 'C. J. van Rijsbergen',
      title: 'Information retrieval, 2nd edition',
      venue: 'Butterworths',
      year: 1979,
      url: 'https://www.dcs.gla.ac.uk/Keith/Preface.html',
    },
  ],
  options: thresholdOptions,
  better: 'higher',
  start: ({ threshold }) => startF1('f1', threshold, (scores) => ratio(scores.get(1))),
});

/**
 * Macro F1: the mean of the F1 of every class,
 *
 * $$ \frac{1}{|S|} \sum_{c \in S} \frac{2\, TP_c}{(TP_c + FP_c) + (TP_c + FN_c)} $$
 *
 * where $S$ are the classes that occur in labels or predictions.
 *
 * Shapes: predictions [rows, ..., C] with targets [rows, ...] of class ids; or both [rows] for a yes or no, whose classes are 0
 * and 1; or both [rows, labels] for multi-label, whose classes are the yes of every label. Higher is better.
 *
 * @remarks As scikit-learn's `f1_score` with `average='macro'`: a class that occurs neither in labels nor in predictions is left
 * out; in multi-label, a label without any yes counts 0, and only one that has no known entry is left out. Labels that are
 * NaN or negative are left out, rows of weight 0 too. NaN before the first label.
 * @throws `POLYTASK_INVALID_OPTION` for a threshold outside (0, 1).
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `f1_score`, https://scikit-learn.org/stable/modules/generated/sklearn.metrics.f1_score.html.
 * @example
 * ```ts
 * import { macroF1 } from '@polytask/core';
 *
 * const running = macroF1().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.9, 0.1, 0.3, 0.7]), shape: [2, 2] },
 *   targets: { data: new Int32Array([0, 0]), shape: [2] },
 *   weights: new Float32Array([1, 1]),
 * });
 * console.log(running.result().toFixed(4)); // => 0.3333
 * ```
 */
export const macroF1 = /* @__PURE__ */ describeMetric({
  name: 'macroF1',
  summary: 'Mean of the F1 of every class.',
  options: thresholdOptions,
  better: 'higher',
  start: ({ threshold }) =>
    startF1('macroF1', threshold, (scores) => {
      let sum = 0;
      for (const score of scores.values()) sum += ratio(score);
      return sum / scores.size;
    }),
});

/**
 * Micro F1: F1 of all classes thrown together,
 *
 * $$ \frac{2 \sum_c TP_c}{\sum_c (TP_c + FP_c) + (TP_c + FN_c)} $$
 *
 * Shapes: as for {@link macroF1}; higher is better.
 *
 * @remarks For one class per label it equals accuracy; it says more in multi-label. Otherwise as {@link macroF1}.
 * @throws `POLYTASK_INVALID_OPTION` for a threshold outside (0, 1).
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `f1_score` with `average='micro'`.
 * @example
 * ```ts
 * import { microF1 } from '@polytask/core';
 *
 * const running = microF1().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.9, 0.8, 0.1, 0.2]), shape: [2, 2] },
 *   targets: { data: new Float32Array([1, 0, 1, Number.NaN]), shape: [2, 2] },
 *   weights: new Float32Array([1, 1]),
 * });
 * console.log(running.result()); // => 0.5
 * ```
 */
export const microF1 = /* @__PURE__ */ describeMetric({
  name: 'microF1',
  summary: 'F1 of all classes thrown together.',
  options: thresholdOptions,
  better: 'higher',
  start: ({ threshold }) =>
    startF1('microF1', threshold, (scores) => {
      const all: Score = { hits: 0, predicted: 0, actual: 0 };
      for (const { hits, predicted, actual } of scores.values()) {
        all.hits += hits;
        all.predicted += predicted;
        all.actual += actual;
      }
      return ratio(all);
    }),
});

/** Weights of the true positives, of the predicted and of the actual positives of one class. */
interface Score {
  hits: number;
  predicted: number;
  actual: number;
}

function startF1(
  name: string,
  threshold: number,
  combine: (scores: ReadonlyMap<number, Score>) => number,
): RunningMetric<number> {
  const scores = new Map<number, Score>();
  let labels = 0;
  const scoreOf = (label: number): Score => {
    const score = scores.get(label) ?? { hits: 0, predicted: 0, actual: 0 };
    scores.set(label, score);
    return score;
  };
  return {
    update(rows) {
      const layout = metricLayout(name, rows);
      const perLabel = layout.classes === 1 && !layout.flat;
      if (name === 'f1' && (perLabel || layout.classes > 1)) {
        throw new ShapeMismatchError('The predictions given to metric `f1`', '[rows]', rows.predictions.shape);
      }
      eachDecision(layout, rows, threshold, (target, predicted, weight, column) => {
        labels += 1;
        if (!perLabel) {
          scoreOf(target).actual += weight;
          if (predicted >= 0) scoreOf(predicted).predicted += weight;
          if (predicted === target) scoreOf(target).hits += weight;
        } else {
          const score = scoreOf(column);
          score.actual += weight * target;
          if (predicted === 1) score.predicted += weight;
          if (predicted === 1 && target === 1) score.hits += weight;
        }
      });
    },
    result: () => (labels === 0 ? Number.NaN : combine(scores)),
  };
}

function ratio(score: Score | undefined): number {
  if (score === undefined || score.predicted + score.actual === 0) return 0;
  return (2 * score.hits) / (score.predicted + score.actual);
}

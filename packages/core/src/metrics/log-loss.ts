import { compensatedSum } from './compensated-sum.js';
import { describeMetric } from './describe-metric.js';
import { eachLabelled, metricLayout } from './metric-layout.js';

/** Probabilities are kept this far from 0 and 1: the resolution of float32. */
const epsilon = 2 ** -23;

/**
 * Log loss: the weighted mean of the cross-entropy between labels and predicted probabilities,
 *
 * $$ -\frac{\sum_i w_i \log p_i(y_i)}{\sum_i w_i} $$
 *
 * where $p_i(y_i)$ is the probability given to the label $y_i$ and $w_i$ the weight of its row. For a yes or no with target
 * $t \in [0, 1]$, $\log p(y)$ is $t \log p + (1 - t) \log(1 - p)$.
 *
 * Shapes: predictions [rows, ..., C] with targets [rows, ...] of class ids, or both [rows, ...] for a yes or no; lower is better.
 *
 * @remarks Probabilities are clipped to $[2^{-23}, 1 - 2^{-23}]$, as in scikit-learn for float32, so that no label costs more than
 * 16. Of plain probabilities, unlike a task's loss: no label smoothing and no class weights. With several labels per row every
 * label counts. Labels that are NaN or negative are left out, rows of weight 0 too. NaN before the first label.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @see scikit-learn, `log_loss`.
 * @example
 * ```ts
 * import { logLoss } from '@polytask/core';
 *
 * const running = logLoss().start();
 * running.update({
 *   predictions: { data: new Float32Array([0.5, 0.5]), shape: [1, 2] },
 *   targets: { data: new Int32Array([1]), shape: [1] },
 *   weights: new Float32Array([1]),
 * });
 * console.log(running.result().toFixed(4)); // => 0.6931
 * ```
 */
export const logLoss = describeMetric({
  name: 'logLoss',
  summary: 'Weighted mean of the cross-entropy between labels and predicted probabilities.',
  cites: [
    {
      authors: 'I. J. Good',
      title: 'Rational decisions',
      venue: 'Journal of the Royal Statistical Society B 14',
      year: 1952,
      url: 'https://doi.org/10.1111/j.2517-6161.1952.tb00104.x',
    },
  ],
  options: {},
  better: 'lower',
  start() {
    const loss = compensatedSum();
    const total = compensatedSum();
    return {
      update(rows) {
        const layout = metricLayout('logLoss', rows);
        const { classes } = layout;
        const { data } = rows.predictions;
        eachLabelled(rows, layout, true, (index, _column, weight) => {
          const target = rows.targets.data[index] as number;
          total.add(weight);
          if (classes > 1) loss.add(-weight * safeLog(data[index * classes + target] as number));
          else {
            const p = data[index] as number;
            loss.add(-weight * (target * safeLog(p) + (1 - target) * safeLog(1 - p)));
          }
        });
      },
      result: () => loss.value() / total.value(),
    };
  },
});

function safeLog(probability: number): number {
  return Math.log(Math.min(Math.max(probability, epsilon), 1 - epsilon));
}

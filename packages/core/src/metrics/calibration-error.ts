import { withDefault } from '../options/option.js';
import { whole } from '../options/takes.js';
import { describeMetric } from './describe-metric.js';
import { eachLabelled, metricLayout } from './metric-layout.js';

/**
 * Expected calibration error: how far probabilities are from how often they come true,
 *
 * $$ \mathrm{ECE} = \sum_b \frac{W_b}{W}\, \big|\, \mathrm{acc}(b) - \mathrm{conf}(b)\, \big| $$
 *
 * where $b$ are bins of equal width, $W_b$ of a total $W$ is the weight in a bin, conf its mean probability and acc how often it came
 * true. The probability is that of a yes; for classes that of the most probable class, which comes true where it is the label.
 *
 * Shapes: predictions [rows, ..., C] with targets [rows, ...] of class ids, or both [rows, ...] for a yes or no; lower is better.
 *
 * @remarks It depends on the number of bins, and grows with fewer rows. A probability at the edge of two bins is in the upper one.
 * Labels that are NaN or negative are left out, rows of weight 0 too. NaN before the first label.
 * @throws `POLYTASK_SHAPE_MISMATCH` for predictions that do not fit the targets.
 * @example
 * ```ts
 * import { calibrationError } from '@polytask/core';
 *
 * const running = calibrationError({ bins: 2 }).start();
 * running.update({
 *   predictions: { data: new Float32Array([0.25, 0.25, 0.75, 0.75]), shape: [4] },
 *   targets: { data: new Int32Array([0, 0, 0, 1]), shape: [4] },
 *   weights: new Float32Array([1, 1, 1, 1]),
 * });
 * console.log(running.result()); // => 0.25
 * ```
 */
export const calibrationError = describeMetric({
  name: 'calibrationError',
  summary: 'How far probabilities are from how often they come true.',
  cites: [
    {
      authors: 'C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger',
      title: 'On calibration of modern neural networks',
      venue: 'ICML',
      year: 2017,
      url: 'https://arxiv.org/abs/1706.04599',
    },
  ],
  options: { bins: withDefault(whole({ from: 1, to: 1000 }), 15, 'How many bins of equal width.', 'the paper') },
  better: 'lower',
  start({ bins }) {
    const found = Array.from({ length: bins }, () => ({ weight: 0, confidence: 0, right: 0 }));
    const add = (probability: number, cameTrue: number, weight: number) => {
      const index = Number.isNaN(probability) ? 0 : Math.floor(probability * bins);
      const bin = found[Math.min(bins - 1, Math.max(0, index))] as (typeof found)[number];
      bin.weight += weight;
      bin.confidence += weight * probability;
      bin.right += weight * cameTrue;
    };
    return {
      update(rows) {
        const layout = metricLayout('calibrationError', rows);
        const { classes } = layout;
        const { data } = rows.predictions;
        eachLabelled(rows, layout, true, (index, _column, weight) => {
          const target = rows.targets.data[index] as number;
          if (classes === 1) return add(data[index] as number, target, weight);
          let best = 0;
          for (let c = 1; c < classes; c++) {
            if ((data[index * classes + c] as number) > (data[index * classes + best] as number)) best = c;
          }
          add(data[index * classes + best] as number, best === target ? 1 : 0, weight);
        });
      },
      result() {
        const total = found.reduce((sum, { weight }) => sum + weight, 0);
        return found.reduce((sum, { confidence, right }) => sum + Math.abs(right - confidence), 0) / total;
      },
    };
  },
});

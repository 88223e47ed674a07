import * as tf from '@tensorflow/tfjs';
import { noAndYes, type Predicted } from './predicted.js';

/** Two predictions that are to agree. */
export interface Comparison {
  /** `[rows, ...]` */
  readonly found: tf.Tensor;
  /** What it should be, of the same shape. */
  readonly wanted: tf.Tensor;
  readonly kind: Predicted['kind'];
  /** What counts as 1 in the loss, for amounts; default their own unit. */
  readonly unit?: tf.Tensor | undefined;
}

/** What a disagreement costs. */
export type AgreementLoss = 'squared-error' | 'absolute-error' | 'huber' | 'kl';

/**
 * What the disagreement of every row costs, `[rows]`: the sum over classes and the mean over everything else that a row has.
 *
 * With e = (found − wanted) / unit: e², |e|, or e² / 2 up to 1 and |e| − ½ beyond. `kl` is Σ w log(w / f) − w + f: the divergence of
 * distributions, written so that its value and its gradient are exactly 0 where they are the same.
 */
export function rowCosts(comparison: Comparison, loss: AgreementLoss): tf.Tensor1D {
  const { kind, found, wanted, unit } = comparison;
  if (loss === 'kl') {
    const [f, w] = [found, wanted].map((one) => {
      const whole = kind === 'chances' ? noAndYes(one) : one;
      return tf.clipByValue(whole, least, 1);
    }) as [tf.Tensor, tf.Tensor];
    const divergences = tf.add(tf.sub(tf.mul(w, tf.sub(tf.log(w), tf.log(f))), w), f);
    return perRow(tf.sum(divergences, -1));
  }
  const apart = tf.sub(found, wanted);
  const costs = costsOf(unit === undefined ? apart : tf.div(apart, unit), loss);
  return perRow(kind === 'classes' ? tf.sum(costs, -1) : costs);
}

/**
 * How far every row is from agreeing, `[rows]`, in the units of the predictions: |found − wanted|, of distributions over classes half
 * its sum, which is the largest difference of probability that any event has.
 */
export function rowViolations({ kind, found, wanted }: Comparison): tf.Tensor1D {
  const apart = tf.abs(tf.sub(found, wanted));
  return perRow(kind === 'classes' ? tf.mul(tf.sum(apart, -1), 0.5) : apart);
}

/** Probabilities below it count as it in logarithms. */
const least = 1e-7;

function costsOf(e: tf.Tensor, loss: Exclude<AgreementLoss, 'kl'>): tf.Tensor {
  if (loss === 'squared-error') return tf.square(e);
  // Not tf.abs, whose derivative at 0 is −1.
  const size = tf.add(tf.relu(e), tf.relu(tf.neg(e)));
  if (loss === 'absolute-error') return size;
  // e² / 2 up to 1 and |e| − ½ beyond, without a branch: half the square of what is within, and all of what is beyond.
  const within = tf.minimum(size, 1);
  return tf.add(tf.mul(tf.square(within), 0.5), tf.sub(size, within));
}

/** The mean of what every row has. */
export function perRow(values: tf.Tensor): tf.Tensor1D {
  if (values.rank === 1) return values as tf.Tensor1D;
  return tf.mean(tf.reshape(values, [values.shape[0] as number, -1]), 1);
}

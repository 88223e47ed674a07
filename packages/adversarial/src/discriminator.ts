import {
  type BuildScope,
  type BuiltLayer,
  buildDense,
  buildFlatten,
  chainLayers,
  flag,
  type HostFeeds,
  hostTensor,
  type LayerBuilder,
  list,
  number,
  optional,
  PolytaskError,
  reverseGradient,
  type StepContext,
  type StepInfo,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { reversalFactor } from './reversal-factor.js';

/** Options that all discriminators have. */
export const discriminatorOptions = {
  units: withDefault(
    list(whole({ from: 1 })),
    [100],
    'Widths of hidden layers of the discriminator.',
    'Ganin et al., the smallest of theirs for images',
  ),
  learningRate: optional(
    number({ above: 0 }),
    'Of the discriminator, instead of the rate of the optimizer. Some five times that of the network lets it keep up.',
  ),
  reversal: withDefault(number({ from: 0 }), 1, 'Factor λ of the reversed gradient.'),
  anneal: withDefault(flag(), true, 'Whether λ rises from 0 in the course of training.', 'Ganin et al., section 5.2.2'),
};

/** A dense network with a logit per class, at `dense<i>` and `logits`. */
export function buildDiscriminator(
  place: BuildScope,
  shape: readonly number[],
  classes: number,
  units: readonly number[],
): BuiltLayer {
  const hidden = units.map(
    (width, i): LayerBuilder =>
      (input) =>
        buildDense(place.child(`dense${i}`), input, width, { activation: 'relu' }),
  );
  return chainLayers({ shape, dtype: 'float32' }, [
    buildFlatten,
    ...hidden,
    (input) => buildDense(place.child('logits'), input, classes),
  ]);
}

/**
 * The logits of a discriminator whose input learns to fool it. Their term is multiplied by `weight` in the end, which counts for what
 * comes before alone: the discriminator learns at full rate, or it would not keep up (Ganin et al., section 5.2.2).
 *
 * @param lambda Factor of the reversed gradient, a scalar.
 */
export function fooled(
  discriminator: BuiltLayer,
  input: tf.Tensor,
  lambda: tf.Tensor,
  weight: number,
  step: StepContext,
): tf.Tensor {
  // A term of weight 0 has no gradient at all.
  const share = weight === 0 ? 1 : weight;
  const reversed = reverseGradient(input, tf.mul(lambda, share));
  return reverseGradient(discriminator.apply(reversed, step), -1 / share);
}

/** The factor of the reversed gradient, for a step. */
export function reversalFeeds(reversal: number, anneal: boolean): (step: StepInfo) => HostFeeds<'lambda'> {
  return (step) => ({ lambda: hostTensor(anneal ? reversal * reversalFactor(step) : reversal) });
}

/**
 * Cross-entropy of rows of a class each, and how often the largest logit is that of the class.
 *
 * @param logits `[rows, classes]`.
 * @param wanted `[rows, classes]`, 1 at each row's class.
 * @param shares `[rows]`, which sum to 1. Default equal.
 */
export function discriminated(logits: tf.Tensor, wanted: tf.Tensor, shares?: tf.Tensor) {
  const hits = tf.cast(tf.equal(tf.argMax(logits, 1), tf.argMax(wanted, 1)), 'float32');
  const losses = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), wanted), 1));
  const mean = (rows: tf.Tensor) => (shares === undefined ? tf.mean(rows) : tf.sum(tf.mul(rows, shares)));
  return { loss: mean(losses), accuracy: mean(hits) };
}

/** `[rows, classes]` with 1 at each row's class; tf.oneHot knows no single class. */
export function oneHotRows(classes: tf.Tensor, count: number): tf.Tensor {
  return tf.cast(tf.equal(tf.expandDims(classes, 1), tf.range(0, count, 1, 'int32')), 'float32');
}

/** The shape of the shared representation. Errors: `POLYTASK_ADVERSARY` where there is none. */
export function requireShared(name: string, shared: readonly number[] | undefined): readonly number[] {
  if (shared !== undefined) return shared;
  throw new PolytaskError(
    'POLYTASK_ADVERSARY',
    `\`${name}\` reads the shared representation, but this sharing strategy has none. ` +
      'Use one that has, such as `hard-sharing`.',
  );
}

/** Which task each row is from. Errors: `POLYTASK_ADVERSARY` where rows belong to no task. */
export function requireRowTask(name: string, rowTask: tf.Tensor1D | undefined, advice = ''): tf.Tensor1D {
  if (rowTask !== undefined) return rowTask;
  throw new PolytaskError(
    'POLYTASK_ADVERSARY',
    `\`${name}\` has to know which task a row is from, but all tasks have the same rows here. ` +
      `Give tasks data sets of their own${advice}.`,
  );
}

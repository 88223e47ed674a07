import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { StepContext } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { buildDense } from './dense.js';
import { glorotUniform } from './initializers.js';

/** Options of {@link buildAttention}. */
export interface AttentionOptions {
  /** Default 1. */
  readonly heads?: number;
  /** Width of all heads together; a multiple of `heads`. Default: the query's. */
  readonly width?: number;
  /** Width of the result. Default: the query's. */
  readonly units?: number;
}

/** What an attention gives. */
export interface Attended {
  /** `[rows, queries, units]` */
  readonly features: tf.Tensor;
  /** How much each query took of each place of the memory, `[rows, heads, queries, places]`; sums to 1 over places. */
  readonly weights: tf.Tensor;
}

/** An attention whose variables exist. */
export interface BuiltAttention {
  /** What one row of the features looks like. */
  readonly output: InputSpec;
  /**
   * @param query `[rows, queries, ...]`.
   * @param memory `[rows, places, ...]`; the query itself for self-attention.
   * @param mask `[rows, places]`, 1 for places that are there and 0 for others. A row without any attends to all. Default: all are there.
   */
  apply(query: tf.Tensor, memory: tf.Tensor, step: StepContext, mask?: tf.Tensor): Attended;
}

/**
 * Attention with several heads: every query looks at the places of a memory and takes the mean of their values, weighted by how well
 * their keys fit:
 *
 * $$ A_h = \operatorname{softmax}\Big(\frac{(q W^Q_h)(m W^K_h)^\top}{\sqrt{d}}\Big), \qquad
 * y = \big[A_1\, m W^V_1, \dots, A_H\, m W^V_H\big]\, W^O + b $$
 *
 * where
 * - q are the queries, m is the memory, d = `width / heads`;
 * - W are layers `query`, `key`, `value` (without bias) and `output` (with b).
 *
 * Shapes: query `[rows, n, a]`, memory `[rows, p, c]` → features `[rows, n, units]`, weights `[rows, heads, n, p]`.
 *
 * @remarks Neither dropout nor a residual connection, which are the caller's. A masked place gets a score of −1e9.
 * @param scope The layer's own scope.
 * @param query What one row of the queries looks like, `[n, a]`.
 * @param memory What one row of the memory looks like, `[p, c]`.
 * @throws `POLYTASK_INVALID_OPTION` unless `heads`, `width` and `units` are positive whole numbers and `heads` divides `width`.
 * @throws `POLYTASK_SHAPE_MISMATCH` unless rows of query and memory are sequences.
 * @see A. Vaswani, N. Shazeer, N. Parmar, J. Uszkoreit, L. Jones, A. N. Gomez, Ł. Kaiser and I. Polosukhin, "Attention is all
 * you need", NeurIPS 2017, https://arxiv.org/abs/1706.03762
 * @example
 * ```ts
 * import { buildAttention, type BuildScope, type InputSpec } from '@polytask/core';
 *
 * const tokens: InputSpec = { shape: [30, 64], dtype: 'float32' };
 * const selfAttention = (scope: BuildScope) => buildAttention(scope.child('attention'), tokens, tokens, { heads: 4 });
 * ```
 */
export function buildAttention(
  scope: BuildScope,
  query: InputSpec,
  memory: InputSpec,
  options: AttentionOptions = {},
): BuiltAttention {
  for (const [name, { shape }] of Object.entries({ query, memory })) {
    if (shape.length === 2) continue;
    throw new ShapeMismatchError(`The ${name} of layer \`${scope.path}\``, '[length, width]', shape);
  }
  const [queries, own] = query.shape as readonly [number, number];
  const { heads = 1, width = own, units = own } = options;
  for (const [name, value] of Object.entries({ heads, width, units })) {
    requireOption(Number.isInteger(value) && value > 0, name, 'a positive whole number', value);
  }
  requireOption(width % heads === 0, 'width', `a multiple of \`heads\`, ${heads}`, width);
  const project = (name: string, input: InputSpec) =>
    buildDense(scope.child(name), input, width, { bias: false, kernel: glorotUniform });
  const [q, k, v] = [project('query', query), project('key', memory), project('value', memory)];
  const output = buildDense(scope.child('output'), { shape: [queries, width], dtype: 'float32' }, units);
  const depth = width / heads;
  /** `[rows, length, width]` → `[rows, heads, length, depth]`. */
  const split = (x: tf.Tensor) =>
    tf.transpose(tf.reshape(x, [x.shape[0] as number, x.shape[1] as number, heads, depth]), [0, 2, 1, 3]);
  return {
    output: output.output,
    apply(asking, remembered, step, mask) {
      const scores = tf.mul(
        tf.matMul(split(q.apply(asking, step)), split(k.apply(remembered, step)), false, true),
        1 / Math.sqrt(depth),
      );
      const weights = tf.softmax(mask === undefined ? scores : tf.add(scores, hidden(mask)));
      const taken = tf.matMul(weights, split(v.apply(remembered, step)));
      const joined = tf.reshape(tf.transpose(taken, [0, 2, 1, 3]), [asking.shape[0] as number, queries, width]);
      return { features: output.apply(joined, step), weights };
    },
  };
}

/** `[rows, places]` of 1 and 0 → `[rows, 1, 1, places]` of 0 and −1e9. */
function hidden(mask: tf.Tensor): tf.Tensor {
  const [rows, places] = mask.shape as [number, number];
  return tf.reshape(tf.mul(tf.sub(tf.cast(mask, 'float32'), 1), 1e9), [rows, 1, 1, places]);
}

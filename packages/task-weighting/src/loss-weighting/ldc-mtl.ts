import { choice, describePart, flag, number, optional, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { absolute } from '../absolute.js';
import { initialLosses, initialLossesIn } from '../initial-losses.js';
import { presentSoftmax } from '../present.js';
import { taskVariables } from '../task-variables.js';

/**
 * LDC-MTL, loss discrepancy control: weights are learned together with the model, and what they are held to is that
 * weighted losses are alike.
 *
 * $$ L = \sum_k w_k \ell_k + \lambda \sum_{k < K} \lvert w_k \ell_k - w_{k+1} \ell_{k+1} \rvert, \qquad
 * \ell_k = \frac{L_k}{\tau_k}, \qquad \tau_k = \frac{L_k(0)}{\min_j L_j(0)}, \qquad w = \operatorname{softmax}(p) $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch, and L_k(0) those of the first batch with a loss above 0,
 * - p_k, a variable per task, is trained together with the model, all 0 at first,
 * - λ says how much the discrepancy matters.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Four variants go under this name in the authors' code. This is the one of NYUv2, with softmax parameters in
 * the place of a small network that reads features. As published, each task is compared with the next one, so that the
 * order of tasks matters; `compare: 'mean'` compares each with the mean of those present and does not depend on it.
 * Where a task is absent its pairs are left out.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { ldcMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(ldcMtl({ normalize: false, lambda: 0.1, scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(2), tf.scalar(3)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(2))); // => [ '0.45', '0.55' ]
 * balance.dispose();
 * ```
 */
export const ldcMtl = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'ldc-mtl',
  summary: 'Learns weights that bring the weighted losses close to one another.',
  cites: [
    {
      authors: 'P. Xiao, C. Dong, S. Zou and K. Ji',
      title: 'LDC-MTL: balancing multi-task learning through scalable loss discrepancy control',
      venue: 'arXiv',
      year: 2025,
      url: 'https://arxiv.org/abs/2502.08585',
    },
  ],
  options: {
    lambda: withDefault(number({ from: 0 }), 0.05, 'λ: how much the discrepancy matters.', 'authors’ code for NYUv2'),
    compare: withDefault(
      choice('neighbours', 'mean'),
      'neighbours',
      'What each weighted loss is compared with.',
      'paper',
    ),
    normalize: withDefault(flag(), true, 'Whether losses are measured by the initial ones, τ.', 'paper'),
    learningRate: optional(number({ above: 0 }), 'Of p.', "the optimizer's", 'paper'),
  },
  make: ({ lambda, compare, normalize, learningRate }) => ({
    leastLoss: 0,
    bind({ tasks, scope }) {
      const { feed, ...initial } = initialLosses(tasks.length);
      const logits = taskVariables(scope, tasks, 'logit', 0, learningRate);
      return {
        ...initial,
        feeds: () => ({ initial: feed() }),
        scalarize(losses, active, feeds) {
          const known = feeds.initial as tf.Tensor1D;
          const measured = normalize ? tf.mul(losses, relativeTo(losses, active, known)) : losses;
          const weighted = tf.mul(presentSoftmax(logits.stack(), active), measured) as tf.Tensor1D;
          const discrepancy = (compare === 'mean' ? fromMean : fromNeighbours)(weighted, active);
          return tf.add(tf.sum(weighted), tf.mul(discrepancy, lambda));
        },
        epochEnd: (_, parameters) => logits.read(parameters),
      };
    },
  }),
});

/** 1 / τ `[K]`. Tasks that are absent and not yet known have no say in the smallest initial loss. */
function relativeTo(losses: tf.Tensor1D, active: tf.Tensor1D, known: tf.Tensor1D): tf.Tensor {
  const initial = initialLossesIn(losses, known);
  const counts = tf.logicalOr(tf.greater(active, 0.5), tf.greater(known, 0));
  return tf.div(tf.min(tf.where(counts, initial, 1e30)), initial);
}

function fromNeighbours(weighted: tf.Tensor1D, active: tf.Tensor1D): tf.Tensor {
  const pairs = weighted.shape[0] - 1;
  if (pairs === 0) return tf.zeros([]);
  const [here, there] = [tf.slice(active, 0, pairs), tf.slice(active, 1, pairs)];
  const apart = tf.sub(tf.slice(weighted, 0, pairs), tf.slice(weighted, 1, pairs));
  return tf.sum(tf.mul(absolute(apart, tf.max(weighted)), tf.mul(here, there)));
}

function fromMean(weighted: tf.Tensor1D, active: tf.Tensor1D): tf.Tensor {
  const mean = tf.div(tf.sum(weighted), tf.sum(active));
  return tf.sum(tf.mul(absolute(tf.sub(weighted, mean), tf.max(weighted)), active));
}

import {
  choice,
  describePart,
  gradientNorms,
  hostAdam,
  number,
  type State,
  softmax,
  spread,
  withDefault,
} from '@polytask/core';
import { dot, sumOf } from '../solvers/dense.js';
import { comparedGradients } from './options.js';

/**
 * GradNorm: weights that learn to make the tasks' gradients equally long, but longer for tasks that lag behind.
 *
 * $$ w = K \operatorname{softmax}(a), \qquad \min_a \sum_k \Big\lvert w_k \lVert g_k \rVert - \bar G \, r_k^{\alpha} \Big\rvert, \qquad
 * r_k = \frac{L_k / L_k(0)}{\frac1K \sum_j L_j / L_j(0)} $$
 *
 * where g_k are the rows of J `[K, P]`, $\bar G$ the mean of $w_k \lVert g_k \rVert$, taken as a constant together with r_k, and L(0) the first losses
 * above 0. The derivative by w_k is sign(·) ‖g_k‖, so no second backward pass is needed; a takes steps of Adam.
 *
 * Shapes: G = J Jᵀ `[K, K]` and losses `[K]` → w `[K]`.
 *
 * @remarks Gradients are those of the last shared layer, as in the paper; LibMTL takes all shared parameters. The paper moves w itself and then makes its
 * sum K; with the softmax no weight becomes negative or rattles about nought. By its definition the weights multiply the losses,
 * so `headGradients` is `'weighted'` by default. Absent tasks' logits stand still, and the tasks present have weights with a sum of their number.
 * With K = 1 the weight is 1.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { gradNorm } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(gradNorm({ learningRate: 0.1 }), ['long', 'short']);
 * for (let step = 0; step < 100; step++) {
 *   const { direction, weights } = await balance.direction(tf.tensor2d([[3, 0], [0, 1]]), [1, 1]);
 *   direction.dispose();
 *   if (step === 99) console.log(Array.from(weights ?? [], (weight) => weight.toFixed(1))); // => [ '0.5', '1.5' ]
 * }
 * balance.dispose();
 * ```
 */
export const gradNorm = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'grad-norm',
  summary: 'Learns weights under which gradients are equally long, but longer for tasks that lag behind.',
  cites: [
    {
      authors: 'Z. Chen, V. Badrinarayanan, C.-Y. Lee and A. Rabinovich',
      title: 'GradNorm: gradient normalization for adaptive loss balancing in deep multitask networks',
      venue: 'ICML',
      year: 2018,
      url: 'https://arxiv.org/abs/1711.02257',
    },
  ],
  options: {
    alpha: withDefault(
      number(),
      1.5,
      'How much longer the gradients of tasks that lag behind are; 0: all equally long.',
      'paper, section 5',
    ),
    learningRate: withDefault(number({ above: 0 }), 0.025, "Of the weights' logits, by Adam.", 'paper, section 5'),
    gradientsOf: { ...comparedGradients, default: 'last-shared-layer' as const, source: 'paper' },
    headGradients: withDefault(
      choice('raw', 'weighted'),
      'weighted',
      'What parameters of a single task get: the gradient of its own loss, or that times the weight of the task.',
      'paper',
    ),
  },
  make: ({ alpha, learningRate, gradientsOf }) => ({
    gradientsOf,
    leastLoss: 0,
    bind({ tasks: names }) {
      const logits = hostAdam(
        names.map(() => 0),
        { learningRate },
      );
      const initial = new Float64Array(names.length);
      return {
        weights({ gramian, tasks, losses }) {
          const k = tasks.length;
          const weights = softmax(tasks.map((task) => logits.values[task] as number)).map((share) => share * k);
          tasks.forEach((task, i) => {
            if (initial[task] === 0) initial[task] = losses[i] as number;
          });
          // A task whose loss has always been 0 has nothing to catch up with.
          const ratios = tasks.map((task, i) =>
            initial[task] ? (losses[i] as number) / (initial[task] as number) : 1,
          );
          const slopes = logitSlopes(gramian, weights, ratios, alpha);
          logits.step(spread(slopes, tasks, names.length), tasks);
          return weights;
        },
        saveState: () => ({ logits: logits.saveState(), initial: Array.from(initial) }),
        loadState(state) {
          logits.loadState(state.logits as State);
          initial.set(state.initial as number[]);
        },
        reset() {
          logits.reset();
          initial.fill(0);
        },
      };
    },
  }),
});

/**
 * Derivatives of GradNorm's loss by the logits a, with w = K softmax(a).
 *
 * @param ratios L_k / L_k(0), at least 0.
 */
export function logitSlopes(
  gramian: Float64Array,
  weights: Float64Array,
  ratios: readonly number[],
  alpha: number,
): Float64Array {
  const k = weights.length;
  const norms = gradientNorms(gramian);
  const lengths = norms.map((norm, i) => norm * (weights[i] as number));
  const [meanLength, meanRatio] = [sumOf(lengths) / k, sumOf(ratios) / k];
  const byWeight = lengths.map((length, i) => {
    const relative = meanRatio > 0 ? (ratios[i] as number) / meanRatio : 1;
    // A negative power of a loss of 0 is no number that anything could be compared with.
    const wanted = relative === 0 && alpha < 0 ? 0 : relative ** alpha;
    return Math.sign(length - meanLength * wanted) * (norms[i] as number);
  });
  const mean = dot(byWeight, weights) / k;
  return byWeight.map((slope, i) => (weights[i] as number) * (slope - mean));
}

import { compact, describePart, extend, hostAdam, number, softmax, spread, whole, withDefault } from '@polytask/core';
import { planOptions } from '../plan-options.js';
import { constrainedMinimumNorm } from '../solvers/constrained-minimum-norm.js';
import { crossGramian } from './cross-gramian.js';

/**
 * FORUM: the model and the weights of its tasks move together, down on all tasks' validation losses, along a direction that brings the
 * model nearer to the minimum of its weighted training loss. First-order: no second derivatives.
 *
 * $$ f(a, \theta) = \sum_k w_k L_k(\theta), \qquad w = \operatorname{softmax}(a), \qquad
 * q = \nabla f(a, \theta) - \big[ \nabla_a f(a, \tilde\theta),\ 0 \big], \qquad
 * g_k = \frac{[0,\ \nabla_\theta L_k^{\text{val}}(\theta)]}{\lVert \nabla_\theta L_k^{\text{val}}(\theta) \rVert} $$
 * $$ \lambda = \arg \min_{\lambda \in \Delta}\ \tfrac12 \Big\lVert \sum_k \lambda_k g_k + \nu q \Big\rVert^2 - \nu \varphi \lVert q \rVert^2, \qquad
 * \nu = \max\Big( \sum_k \lambda_k \pi_k,\ 0 \Big), \qquad \pi_k = \varphi - \frac{q \cdot g_k}{\lVert q \rVert^2} $$
 * $$ \bar\lambda \leftarrow \bar\lambda + (n + 1)^{-3/4} (\lambda - \bar\lambda), \qquad
 * d = \sum_k \bar\lambda_k g_k + \max\Big( \sum_k \bar\lambda_k \pi_k,\ 0 \Big)\, q $$
 *
 * where
 * - $\tilde\theta$ is θ after K steps of plain descent on f with step size η, so that $f(a, \tilde\theta)$ stands for the least loss
 *   that these weights allow, and q is the gradient of how far θ is from it,
 * - φ says how fast that distance has to fall, n counts the steps from 0, and a `[K]` starts at 0.
 *
 * The model takes a step of the run's optimizer along the part of d that is θ's, a one of Adam along its own.
 *
 * Shapes: J `[K, P]` of both batches, θ `[P]` → d `[P]` and w `[K]`.
 *
 * @remarks Needs `validation` in `fit`. A step takes K + 1 gradients, and those of all tasks on the batch and on a validation batch. λ and ν
 * come from the dual of "the best direction for the worst task that lowers the constraint by φ‖q‖²", of which the paper's problem
 * is the form without d. LibMTL's code averages λ with the number of the epoch for n; here it is the number of the step, as in
 * the paper. Auxiliary terms are added to d and are no part of f.
 * @throws `POLYTASK_NO_VALIDATION` without validation data; `POLYTASK_NON_FINITE` where the K steps diverge.
 * @example
 * ```ts
 * import { forum } from '@polytask/task-weighting';
 *
 * console.log(forum().kind); // => step-plan
 * ```
 */
export const forum = /* @__PURE__ */ describePart('step-plan', {
  name: 'forum',
  summary:
    'Moves the model down on all validation losses and towards the minimum of a weighted training loss, whose weights it learns.',
  cites: [
    {
      authors: 'F. Ye, B. Lin, X. Cao, Y. Zhang and I. Tsang',
      title: 'A first-order multi-gradient algorithm for multi-objective bi-level optimization',
      venue: 'ECAI',
      year: 2024,
      url: 'https://arxiv.org/abs/2401.09257',
    },
  ],
  options: extend(
    {
      innerRate: withDefault(
        number({ above: 0 }),
        0.1,
        'η: the step size of the K steps towards the least training loss.',
        'LibMTL',
      ),
      innerSteps: withDefault(whole({ from: 1 }), 5, 'K.', 'LibMTL'),
      descent: withDefault(number({ above: 0 }), 0.1, 'φ.', 'LibMTL'),
      learningRate: withDefault(number({ above: 0 }), 1e-3, 'Of a, for Adam.', 'as for MOML'),
    },
    planOptions,
  ),
  make: ({ innerRate, innerSteps, descent, learningRate }) => ({
    needsValidation: true,
    bind({ tasks }) {
      const k = tasks.length;
      const logits = hostAdam(new Float64Array(k), { learningRate });
      const mean = new Float64Array(k).fill(1 / k);
      return {
        async step(primitives) {
          const { parameters, clone, axpy, combine, dot, gradient, jacobian, losses, apply, active, info } = primitives;
          const present = active();
          const w = spread(softmax(compact(logits.values, present)), present, k);
          const lower = await clone(parameters);
          for (let i = 0; i < innerSteps; i++) {
            const down = await gradient({ parameters: lower, weights: w, auxiliary: false });
            await axpy(lower, -innerRate, down.gradient);
          }
          const least = await losses({ parameters: lower });
          const found = await gradient({ weights: w, auxiliary: false });
          const slopes = difference(slopesOf(w, found.losses, present), slopesOf(w, least, present));
          const batch = await primitives.validationBatch();
          const [train, upper] = [await jacobian(), await jacobian({ batch })];
          const products = await crossGramian(primitives, upper, train);
          const squares = await crossGramian(primitives, upper, upper);
          const lengthOf = (task: number) => Math.sqrt(squares[task * k + task] as number);
          const rows = active(batch).filter((task) => lengthOf(task) > 0);
          const square = (await dot(found.gradient)) + slopes.reduce((sum, slope) => sum + slope ** 2, 0);
          let multiplier = 0;
          if (rows.length > 0) {
            const { weights, pulls } = constrainedMinimumNorm(
              Float64Array.from(
                rows.flatMap((i) => rows.map((j) => (squares[i * k + j] as number) / lengthOf(i) / lengthOf(j))),
              ),
              { square, descent, products: rows.map((i) => overlap(products, i, w) / lengthOf(i)) },
            );
            rows.forEach((task, i) => {
              const before = mean[task] as number;
              mean[task] = before + (info.step + 1) ** -0.75 * ((weights[i] as number) - before);
            });
            multiplier = Math.max(
              0,
              rows.reduce((sum, task, i) => sum + (mean[task] as number) * (pulls[i] as number), 0),
            );
          }
          const along = rows.map((task) => (mean[task] as number) / lengthOf(task));
          const direction = await combine(upper, spread(along, rows, k), 'weighted');
          await axpy(direction, multiplier, found.gradient);
          await apply(direction);
          logits.step(
            slopes.map((slope) => multiplier * slope),
            present,
          );
          const logged = Object.fromEntries([
            ...tasks.map((task, i) => [`lambda/${task}`, mean[i] as number] as const),
            ['multiplier', multiplier] as const,
          ]);
          return { ...found, logged };
        },
        saveState: () => ({ logits: logits.saveState(), mean: Array.from(mean) }),
        loadState(state) {
          logits.loadState(state.logits as ReturnType<typeof logits.saveState>);
          mean.set(state.mean as number[]);
        },
        reset() {
          logits.reset();
          mean.fill(1 / k);
        },
      };
    },
  }),
});

/** Slopes of Σ w_k L_k by a, w being softmax(a): w_k (L_k − Σ w_i L_i). */
function slopesOf(w: Float64Array, losses: Float64Array, present: readonly number[]): Float64Array {
  const total = present.reduce((sum, task) => sum + (w[task] as number) * (losses[task] as number), 0);
  const slopes = new Float64Array(w.length);
  for (const task of present) slopes[task] = (w[task] as number) * ((losses[task] as number) - total);
  return slopes;
}

const difference = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - (b[i] as number));

/** Row i of a matrix of pairs of tasks, times w. */
function overlap(products: Float64Array, row: number, w: Float64Array): number {
  return w.reduce((sum, share, j) => sum + share * (products[row * w.length + j] as number), 0);
}

import {
  describePart,
  type GradientsOf,
  gradientNorms,
  number,
  optional,
  type Rotations,
  requireOption,
  whole,
  withDefault,
} from '@polytask/core';
import { sumOf } from '../solvers/dense.js';
import { learnRotations } from './learn-rotations.js';
import { comparedGradients } from './options.js';

/**
 * RotoGrad: all tasks' gradients of the shared representation get one length, nearer to that of tasks that have come less far; and where the
 * model has rotations between that representation and the heads, these learn to turn the gradients towards one another.
 *
 * $$ r_k = \frac{\lVert g_k \rVert}{\lVert g_k(t_0) \rVert}, \quad \alpha_k = \frac{r_k}{\sum_j r_j}, \quad
 * C = \sum_k \alpha_k \lVert g_k \rVert, \qquad w_k = \frac{C}{\lVert g_k \rVert} $$
 *
 * where g_k are the rows of J `[K, P]`, and t_0 is the end of the burn-in, until which r is 1.
 *
 * With rotations, the head of task k sees z_k = R_k z, and what lies behind R_k has the gradient g̃_k = R_k g_k. Every step lowers
 *
 * $$ \ell_k(R_k) = \sum_b \Big\lVert R_k v_b - \frac{\tilde g_{k,b}}{\lVert \tilde g_k \rVert} \Big\rVert^2, \qquad
 * v = \frac1K \sum_k \frac{g_k}{\lVert g_k \rVert} $$
 *
 * with g̃_k and v held fixed, where b goes over the rows of the batch. R_k moves within the rotations: Adam makes a step S, skew-symmetric, of the
 * slope at R_k, and R_k becomes the rotation nearest to R_k (I + S). The optimizer of the run does not move R_k, which is saved, and exported, with the model.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`; R_k `[d, d]` for d features, or for the leading d of them.
 *
 * @remarks Rotations are an option of the sharing strategy, `hardSharing({ encoder, rotations: true })`; without them there are the
 * lengths alone, and at t_0 two tasks get the direction of `conFig`. A task whose gradient is zero gets weight 0. With K = 1 the direction is the
 * task's gradient, and nothing turns.
 *
 * Departures: the paper learns a skew-symmetric matrix whose exponential R_k is, from the start on; here each step begins at R_k, with the same slope there
 * and no exponential to differentiate. The paper's loss has g̃_k at its length, which Adam takes away again. A step turns by a third of a radian at
 * most.
 *
 * Traps: rows that only one task has a label for turn nothing. Heads have to follow, so that rotations want to learn more slowly than the
 * model, and an optimizer whose learning rate falls wants a `decay` here. The mean of opposed gradients is 0, and turns nothing. Learning takes time by the third
 * power of d.
 * @throws `POLYTASK_INVALID_OPTION` for a `learningRate` or `decay` where the model has no rotations, and for gradients of something else than the
 * representation where it has.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { rotoGrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(rotoGrad({ scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[2, 0], [0, 4]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 3, 3 ]
 * balance.dispose();
 * ```
 * @example
 * ```ts
 * import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 * import { rotoGrad } from '@polytask/task-weighting';
 *
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: hardSharing({ encoder: mlp([4], { activation: 'tanh' }), rotations: true }),
 *   balancing: rotoGrad({ learningRate: 0.01 }),
 * });
 * const x = { data: Float32Array.of(1, 2, 3, 4), shape: [4, 1] };
 * const columns = { a: Float32Array.of(1, 0, 1, 0), b: Float32Array.of(0, 1, 1, 0) };
 * await trainer.fit(tableDataset({ inputs: { x }, columns }), { epochs: 5 });
 * const matrix = await trainer.parameters?.read('rotations/a/matrix');
 * console.log(matrix?.shape, matrix?.data[1] !== 0); // => [ 4, 4 ] true
 * trainer.dispose();
 * ```
 */
export const rotoGrad = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'roto-grad',
  summary: "Gives all tasks' gradients one length, and turns them towards one another where the model has rotations.",
  cites: [
    {
      authors: 'A. Javaloy and I. Valera',
      title: 'RotoGrad: gradient homogenization in multitask learning',
      venue: 'ICLR',
      year: 2022,
      url: 'https://arxiv.org/abs/2103.02631',
    },
  ],
  options: {
    burnIn: withDefault(whole({ from: 0 }), 20, 'Steps after which lengths are compared with.', "the authors' code"),
    learningRate: optional(
      number({ above: 0, to: 1 }),
      'Of the rotations, which have an Adam of their own; only where the model has rotations.',
      '0.0005',
      "ours, half of Adam's; the authors' code asks for less than the network's",
    ),
    decay: optional(
      number({ above: 0, to: 1 }),
      'Factor of the learning rate of the rotations after every step; only where the model has rotations.',
      '1',
      "the authors' code",
    ),
    gradientsOf: { ...comparedGradients, default: 'representation' as const, source: 'paper' },
  },
  make: ({ burnIn, learningRate, decay, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks: names, rotations }) {
      checkRotations(rotations, { learningRate, decay }, gradientsOf);
      const rates = { learningRate: learningRate ?? 5e-4, decay: decay ?? 1 };
      const turning = rotations && learnRotations(rotations, names, rates);
      const first = new Map<string, Float64Array>();
      return {
        ...(turning && { state: turning.state, feeds: turning.feeds, learn: turning.learn }),
        weights({ gramian, tasks, block, step }) {
          turning?.count(tasks);
          const reference = first.get(block) ?? new Float64Array(names.length);
          first.set(block, reference);
          const norms = gradientNorms(gramian);
          tasks.forEach((task, i) => {
            if (step.step <= burnIn || reference[task] === 0) reference[task] = norms[i] as number;
          });
          const ratios = tasks.map((task, i) =>
            reference[task] ? (norms[i] as number) / (reference[task] as number) : 0,
          );
          const total = sumOf(ratios);
          const length =
            total > 0 ? ratios.reduce((sum, ratio, i) => sum + (ratio / total) * (norms[i] as number), 0) : 0;
          return norms.map((norm) => (norm > 0 ? length / norm : 0));
        },
        saveState: () => ({
          first: Object.fromEntries([...first].map(([block, values]) => [block, Array.from(values)])),
          ...(turning && { updates: turning.saveState() }),
        }),
        loadState(state) {
          first.clear();
          for (const [block, values] of Object.entries(state.first as object))
            first.set(block, Float64Array.from(values));
          turning?.loadState(state.updates as number[]);
        },
        reset() {
          first.clear();
          turning?.reset();
        },
      };
    },
  }),
});

/** Refuses what makes no sense of a model with rotations, or of one without. */
function checkRotations(
  rotations: Rotations | undefined,
  rates: { readonly [option: string]: number | undefined },
  gradientsOf: GradientsOf,
): void {
  for (const [option, rate] of Object.entries(rates)) {
    requireOption(
      rotations !== undefined || rate === undefined,
      option,
      'left out where the model has no rotations',
      rate,
      'Let the sharing strategy have some, as `hard-sharing` with `rotations: true`; then they learn.',
    );
  }
  requireOption(
    rotations === undefined || gradientsOf === 'representation',
    'gradientsOf',
    '"representation" where the model has rotations, which are learned from these gradients',
    gradientsOf,
  );
}

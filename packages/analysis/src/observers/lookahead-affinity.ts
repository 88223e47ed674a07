import { describePart, type OptionsOf, whole, withDefault } from '@polytask/core';
import { fifty2021 } from './cites.js';
import { meanAffinity } from './mean-affinity.js';

const options = {
  interval: withDefault(whole({ from: 1 }), 60, 'Steps from one look to the next.', 'paper: 10'),
};

/** Options of {@link lookaheadAffinity}. */
export type LookaheadAffinityOptions = OptionsOf<typeof options>;

/**
 * Inter-task affinity (TAG): how much lower the loss of one task is after a step of the optimizer for another, relative to that loss.
 *
 * $$ Z_{i \to j} = 1 - \frac{L_j\big(\theta_s^{(i)}, \theta_j\big)}{L_j(\theta_s, \theta_j)} $$
 *
 * where θ_s^{(i)} are the shared parameters after one step of the run's optimizer, with its moments, on the loss of task i alone. The
 * mean is over looks.
 *
 * `trainer.observations()` has `tasks`, `looks` and `affinity` `[K][K]`, row i and column j holding $Z_{i \to j}$; above 0, i helps j.
 * `bestGrouping` makes groups of it.
 *
 * @remarks The steps are taken on scratch copies. A look costs K forward and backward passes and K + 1 further forward passes, about
 * 1.4 K steps of training: at every 60 steps a fifth of the training with 8 tasks. The paper's code looks every 10 steps. Losses that are not above 0 are left out.
 * Numbers are not divided by the learning rate, as the paper's code divides them: that would change no grouping.
 * @example
 * ```ts
 * import { lookaheadAffinity } from '@polytask/analysis';
 *
 * console.log(lookaheadAffinity({ interval: 10 }).name); // => lookahead-affinity
 * ```
 */
export const lookaheadAffinity = /* @__PURE__ */ describePart('observer', {
  name: 'lookahead-affinity',
  summary: 'Inter-task affinity (TAG): how much lower the loss of a task is after a trial step for another.',
  cites: [fifty2021],
  options,
  make: ({ interval }) =>
    meanAffinity(interval, async ({ gradient, apply, clone, parameters, losses, objectives }, say) => {
      const before = await losses();
      for (const i of objectives.keys()) {
        if (!Number.isFinite(before[i])) continue;
        const only = await gradient({ weights: objectives.map((_, j) => (j === i ? 1 : 0)), auxiliary: false });
        const trial = await clone(parameters);
        await apply(only.gradient, { parameters: trial, moves: ({ usedBy }) => usedBy.length > 1 });
        const after = await losses({ parameters: trial });
        for (const [j, loss] of before.entries()) if (loss > 0) say(i, j, 1 - (after[j] as number) / loss);
      }
    }),
});

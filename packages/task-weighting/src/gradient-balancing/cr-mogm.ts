import { describePart, InvalidOptionError, number, part, required, withDefault, wrapBalancing } from '@polytask/core';

/**
 * CR-MOGM, "correlation-reduced multi-objective gradient manipulation": the weights of any gradient balancing, smoothed over steps.
 *
 * $$ \bar w_t = \alpha \, \bar w_{t-1} + (1 - \alpha) \, w_t, \qquad \bar w_0 = w_0 $$
 *
 * where w_t `[K']` are the inner method's weights at step t. Batches are noisy, and weights that depend on the batch alone are biased.
 *
 * Shapes: as of the inner method.
 *
 * @remarks A task that is absent keeps its mean. `scale` and `headGradients` are those given here, whatever the inner part says; it is asked for its
 * weights as published. Where the inner part has an `updateEvery`, that many steps are one of these. With K = 1 it is the inner method. The state of both is in checkpoints.
 * @throws `POLYTASK_INVALID_OPTION` for an inner part that gives directions and no weights.
 * @example
 * ```ts
 * import { crMogm, mgda } from '@polytask/task-weighting';
 *
 * const smooth = crMogm({ inner: mgda(), alpha: 0.9 });
 * console.log(smooth.name, smooth.gradientsOf); // => cr-mogm shared
 * ```
 */
export const crMogm = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'cr-mogm',
  summary: 'Smooths the weights of another gradient balancing over steps.',
  cites: [
    {
      authors: 'S. Zhou, W. Zhang, J. Jiang, W. Zhong, J. Gu and W. Zhu',
      title: 'On the convergence of stochastic multi-objective gradient manipulation and beyond',
      venue: 'NeurIPS',
      year: 2022,
      url: 'https://openreview.net/forum?id=ScwfQ7hdwyP',
    },
  ],
  options: {
    inner: required(part('gradient-balancing'), 'What gives the weights.'),
    alpha: withDefault(number({ from: 0, below: 1 }), 0.9, 'How slowly the weights follow.', 'TorchJD'),
  },
  make({ inner, alpha }) {
    const { bind, gradientsOf, leastLoss, needsValidation, parts, updateEvery } = wrapBalancing(inner, {
      name: 'cr-mogm',
      bind(bound, { tasks: names }) {
        const { weights: within } = bound;
        if (within === undefined) return {};
        const means = new Map<string, (number | null)[]>();
        return {
          weights(input) {
            const mean = means.get(input.block) ?? names.map(() => null);
            means.set(input.block, mean);
            return Array.from(within(input), (weight, i) => {
              const task = input.tasks[i] as number;
              const now = alpha * (mean[task] ?? weight) + (1 - alpha) * weight;
              mean[task] = now;
              return now;
            });
          },
          saveState: () => ({ means: Object.fromEntries([...means].map(([block, values]) => [block, [...values]])) }),
          loadState(state) {
            means.clear();
            for (const [block, values] of Object.entries(state.means as object)) means.set(block, [...values]);
          },
          reset: () => means.clear(),
        };
      },
    });
    return {
      ...(gradientsOf && { gradientsOf }),
      ...(leastLoss !== undefined && { leastLoss }),
      ...(needsValidation && { needsValidation }),
      ...(parts && { parts }),
      ...(updateEvery && { updateEvery }),
      bind(context) {
        const bound = bind(context);
        if (bound.weights !== undefined) return bound;
        throw new InvalidOptionError('inner', 'a gradient balancing that gives weights', inner);
      },
    };
  },
});

import { describePart, type OptionsOf, whole, withDefault } from '@polytask/core';
import { fifty2021 } from './cites.js';
import { meanAffinity } from './mean-affinity.js';

const options = {
  interval: withDefault(whole({ from: 1 }), 20, 'Steps from one look to the next.'),
};

/** Options of {@link firstOrderAffinity}. */
export type FirstOrderAffinityOptions = OptionsOf<typeof options>;

/**
 * Estimates from gradients how much a small step for one task lowers the loss of another, relative to that loss:
 *
 * $$ Z_{i \to j} = \frac{g_i \cdot g_j}{L_j} $$
 *
 * where g are the gradients in the shared parameters, and a step of plain gradient descent lowers L_j by the learning rate times this
 * share. The mean is over looks.
 *
 * `trainer.observations()` has `tasks`, `looks` and `affinity` `[K][K]`, row i and column j holding $Z_{i \to j}$; above 0, i helps j.
 *
 * @remarks A look costs one forward pass and K backward passes; {@link lookaheadAffinity} costs about twice that, and
 * takes the real step of the optimizer. Losses that are not above 0 are left out. The paper also subtracts momentum; here the step is
 * the gradient's.
 * @example
 * ```ts
 * import { firstOrderAffinity } from '@polytask/analysis';
 *
 * console.log(firstOrderAffinity().name); // => first-order-affinity
 * ```
 */
export const firstOrderAffinity = /* @__PURE__ */ describePart('observer', {
  name: 'first-order-affinity',
  summary: 'Estimates from gradients how much a small step for one task lowers the loss of another.',
  cites: [{ ...fifty2021, note: 'The affinity of which this is the first order.' }],
  options,
  make: ({ interval }) =>
    meanAffinity(interval, async ({ gramianOf, objectives: { length: k } }, say) => {
      const { gramians, losses } = await gramianOf('shared');
      const [gramian] = Object.values(gramians) as [Float64Array];
      for (let place = 0; place < k * k; place++) {
        const [i, j] = [Math.floor(place / k), place % k];
        const loss = losses[j] as number;
        if (Number.isFinite(losses[i]) && loss > 0) say(i, j, (gramian[place] as number) / loss);
      }
    }),
});

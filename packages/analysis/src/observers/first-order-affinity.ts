import { describePart, type OptionsOf, whole, withDefault } from '@polytask/core';
import { addPair, noPairs, type PairSums, pairMeans } from './pair-means.js';

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
  cites: [
    {
      authors: 'C. Fifty, E. Amid, Z. Zhao, T. Yu, R. Anil and C. Finn',
      title: 'Efficiently identifying task groupings for multi-task learning',
      venue: 'NeurIPS',
      year: 2021,
      url: 'https://arxiv.org/abs/2109.04617',
      note: 'The affinity of which this is the first order.',
    },
  ],
  options,
  make: ({ interval }) => ({
    interval,
    bind({ objectives }) {
      const names = objectives.map(({ name }) => name);
      const k = names.length;
      let seen: Seen = { looks: 0, pairs: noPairs(k) };
      return {
        async probe(primitives) {
          const { gramians, losses } = await primitives.gramianOf('shared');
          const [gramian] = Object.values(gramians) as [Float64Array];
          seen.looks += 1;
          for (let place = 0; place < k * k; place++) {
            const [i, j] = [Math.floor(place / k), place % k];
            const loss = losses[j] as number;
            const both = Number.isFinite(losses[i]) && loss > 0;
            if (both) addPair(seen.pairs, place, (gramian[place] as number) / loss);
          }
        },
        result: () => ({ tasks: names, looks: seen.looks, affinity: pairMeans(seen.pairs) }),
        saveState: () => structuredClone(seen),
        loadState(state) {
          seen = structuredClone(state as Seen);
        },
        reset() {
          seen = { looks: 0, pairs: noPairs(k) };
        },
      };
    },
  }),
});

type Seen = { looks: number; pairs: PairSums };

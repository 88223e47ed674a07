import {
  choice,
  describePart,
  gradientCosines,
  gradientNorms,
  number,
  type OptionsOf,
  whole,
  withDefault,
} from '@polytask/core';
import { yu2020 } from './cites.js';
import { keepSeen } from './keep-seen.js';
import { addPair, noPairs, type PairSums, pairMeans } from './pair-means.js';

const options = {
  of: withDefault(
    choice('shared', 'layers'),
    'shared',
    'shared: gradients of all shared parameters; layers: of each shared layer by itself.',
  ),
  below: withDefault(
    number({ from: -1, to: 1 }),
    0,
    'Two gradients are in conflict where their cosine is below this.',
    'paper',
  ),
  interval: withDefault(whole({ from: 1 }), 20, 'Steps from one look to the next.'),
};

/** Options of {@link gradientSimilarity}. */
export type GradientSimilarityOptions = OptionsOf<typeof options>;

/**
 * Compares the gradients that tasks have in the parameters that they share: mean cosine, share of conflicts, similarity of sizes.
 *
 * $$ \cos_{ij} = \frac{g_i \cdot g_j}{\lVert g_i \rVert \lVert g_j \rVert}, \qquad
 * \text{conflict}_{ij} = [\cos_{ij} < S], \qquad
 * \text{magnitude}_{ij} = \frac{2 \lVert g_i \rVert \lVert g_j \rVert}{\lVert g_i \rVert^2 + \lVert g_j \rVert^2} $$
 *
 * each as a mean over the looks at which both tasks have a gradient; S is `below`.
 *
 * `trainer.observations()` has `tasks`, `looks`, and under `blocks`, by `shared` or the path of each layer, the matrices `cosine`,
 * `conflictRate` and `magnitudeSimilarity` `[K][K]`, with NaN for pairs that never met.
 *
 * @remarks A look costs one forward pass and K backward passes. Cosines of single batches are noisy, and fall as training goes on,
 * whatever the tasks: compare pairs within a run, not runs of different length.
 * @example
 * ```ts
 * import { gradientSimilarity } from '@polytask/analysis';
 *
 * console.log(gradientSimilarity().name, gradientSimilarity({ interval: 5 }).interval); // => gradient-similarity 5
 * ```
 */
export const gradientSimilarity = /* @__PURE__ */ describePart('observer', {
  name: 'gradient-similarity',
  summary: 'Compares the gradients of tasks: mean cosine, share of conflicts, similarity of sizes.',
  cites: [{ ...yu2020, note: 'Defines conflict and the similarity of magnitudes.' }],
  options,
  make: ({ of, below, interval }) => ({
    interval,
    bind({ objectives }) {
      const names = objectives.map(({ name }) => name);
      const k = names.length;
      const kept = keepSeen((): Seen => ({ looks: 0, blocks: {} }));
      const { saveState, loadState, reset } = kept;
      return {
        async probe(primitives) {
          const { gramians } = await primitives.gramianOf(of);
          const { seen } = kept;
          seen.looks += 1;
          for (const [block, gramian] of Object.entries(gramians)) {
            const sums = seen.blocks[block] ?? { cosine: noPairs(k), conflicts: noPairs(k), magnitude: noPairs(k) };
            seen.blocks[block] = sums;
            const [cosines, norms] = [gradientCosines(gramian), gradientNorms(gramian)];
            for (let place = 0; place < k * k; place++) {
              const [a, b] = [norms[Math.floor(place / k)] as number, norms[place % k] as number];
              if (a === 0 || b === 0) continue;
              const cosine = cosines[place] as number;
              addPair(sums.cosine, place, cosine);
              addPair(sums.conflicts, place, cosine < below ? 1 : 0);
              // By their ratio: squares of small norms may vanish.
              addPair(sums.magnitude, place, 2 / (a / b + b / a));
            }
          }
        },
        result: () => ({
          tasks: names,
          looks: kept.seen.looks,
          blocks: Object.fromEntries(
            Object.entries(kept.seen.blocks).map(([block, { cosine, conflicts, magnitude }]) => [
              block,
              {
                cosine: pairMeans(cosine),
                conflictRate: pairMeans(conflicts),
                magnitudeSimilarity: pairMeans(magnitude),
              },
            ]),
          ),
        }),
        ...{ saveState, loadState, reset },
      };
    },
  }),
});

/** What has been seen, by block. */
type Seen = {
  looks: number;
  blocks: Record<string, { cosine: PairSums; conflicts: PairSums; magnitude: PairSums }>;
};

import { describePart, gradientCosines, number, type OptionsOf, whole, withDefault } from '@polytask/core';

const options = {
  below: withDefault(
    number({ from: -1, to: 1 }),
    0,
    'Two gradients are in conflict where their cosine is below this.',
    'paper: 0, and -0.02 to -0.15',
  ),
  interval: withDefault(whole({ from: 1 }), 1, 'Steps from one look to the next.', 'paper'),
};

/** Options of {@link conflictScores}. */
export type ConflictScoresOptions = OptionsOf<typeof options>;

/**
 * Counts, layer by layer, how often the gradients of two tasks are in conflict.
 *
 * $$ s_l = \sum_{\text{steps}} \sum_{i<j} \big[ \cos(\nabla_{\theta_l} L_i, \nabla_{\theta_l} L_j) < S \big] $$
 *
 * where
 * - θ_l are the weights of a layer that tasks share, L_i the loss of task i on the step's batch;
 * - S is `below`.
 *
 * `trainer.observations()` has, by layer and with the highest share of conflicts first, `conflicts` and the number of
 * `pairs` that were compared. The layers at the top are those to make `specific` in {@link recon}.
 *
 * @remarks Each look takes the gradients of all tasks once more, so a larger `interval` is cheaper. Pairs of which one
 * task is absent, or has no gradient in the layer, are not compared.
 * @example
 * ```ts
 * import { conflictScores } from '@polytask/hard-sharing';
 *
 * const observer = conflictScores({ interval: 10 });
 * console.log(observer.name, observer.interval); // => conflict-scores 10
 * ```
 */
export const conflictScores = /* @__PURE__ */ describePart('observer', {
  name: 'conflict-scores',
  summary: 'Counts, layer by layer, how often the gradients of two tasks are in conflict.',
  cites: [
    {
      authors: 'G. Shi, Q. Li, W. Zhang, J. Chen and X.-M. Wu',
      title: 'Recon: reducing conflicting gradients from the root for multi-task learning',
      venue: 'ICLR',
      year: 2023,
      url: 'https://arxiv.org/abs/2302.11289',
    },
  ],
  options,
  make: ({ below, interval }) => ({
    interval,
    bind() {
      let scores: Scores = {};
      return {
        async probe(primitives) {
          const { gramians } = await primitives.gramianOf('layers');
          const k = primitives.objectives.length;
          for (const [layer, gramian] of Object.entries(gramians)) {
            const score = scores[layer] ?? { conflicts: 0, pairs: 0 };
            scores[layer] = score;
            const has = (i: number) => (gramian[i * k + i] as number) > 0;
            const cosines = gradientCosines(gramian);
            for (let i = 0; i < k; i++) {
              for (let j = 0; j < i; j++) {
                if (!has(i) || !has(j)) continue;
                score.pairs += 1;
                if ((cosines[i * k + j] as number) < below) score.conflicts += 1;
              }
            }
          }
        },
        result() {
          const share = ({ conflicts, pairs }: { conflicts: number; pairs: number }) =>
            pairs === 0 ? 0 : conflicts / pairs;
          const sorted = Object.entries(scores).sort(([, a], [, b]) => share(b) - share(a));
          return copyOf(Object.fromEntries(sorted));
        },
        saveState: () => copyOf(scores),
        loadState(state) {
          scores = copyOf(state as Scores);
        },
        reset() {
          scores = {};
        },
      };
    },
  }),
});

/** By layer. */
type Scores = Record<string, { conflicts: number; pairs: number }>;

function copyOf(scores: Scores): Scores {
  return Object.fromEntries(Object.entries(scores).map(([layer, score]) => [layer, { ...score }]));
}

import {
  describePart,
  flag,
  list,
  type OptionsOf,
  optional,
  PolytaskError,
  text,
  UnknownNameError,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

const options = {
  layers: optional(
    list(text('a layer'), { least: 1 }),
    'Which layers, by any neighbouring parts of their paths: `trunk`, `heads`, `columns/a`.',
    'all of the model',
  ),
  biases: withDefault(flag(), false, 'Whether variables of one axis (biases) count too.'),
};

/** Options of {@link l2Penalty} besides those of all auxiliary terms. */
export type L2PenaltyOptions = OptionsOf<typeof options>;

/**
 * A pull of weights towards zero.
 *
 * $$ \Omega = \sum_{v} \lVert \theta_v \rVert^2 $$
 *
 * where v are the variables chosen. λ is `weight`; the gradient is 2λθ.
 *
 * @remarks Together with `l2Distance` it says how much tasks have in common: in regularised multi-task learning λ₁
 * draws tasks to their mean and λ₂ all of them to zero. Unlike the optimizer's decay it goes through the moments of
 * Adam, and may be of some layers only.
 * @throws `POLYTASK_UNKNOWN_NAME` for a layer that does not exist; `POLYTASK_TIES` where nothing is left to be
 * penalised.
 * @example
 * ```ts
 * import { l2Penalty } from '@polytask/soft-sharing';
 *
 * console.log(l2Penalty({ layers: ['heads'], weight: 1e-4 }).options);
 * // => { layers: [ 'heads' ], biases: false, weight: 0.0001, updateEvery: 1 }
 * ```
 */
export const l2Penalty = /* @__PURE__ */ describePart('auxiliary', {
  name: 'l2-penalty',
  summary: 'Draws the weights of layers towards zero.',
  cites: [
    {
      authors: 'T. Evgeniou and M. Pontil',
      title: 'Regularized multi-task learning',
      venue: 'KDD',
      year: 2004,
      url: 'https://doi.org/10.1145/1014052.1014067',
    },
  ],
  options,
  make: ({ layers, biases }) => ({
    bind({ layout }) {
      const all = layout.segments.filter(({ group, shape }) => group === 'model' && (biases || shape.length > 1));
      const has = (path: string, layer: string) => `/${path}/`.includes(`/${layer}/`);
      for (const layer of layers ?? []) {
        if (all.some(({ path }) => has(path, layer))) continue;
        throw new UnknownNameError('layer', layer, [...new Set(all.map((one) => one.layer))], 'layers');
      }
      const chosen = all.filter(({ path }) => layers?.some((layer) => has(path, layer)) ?? true);
      if (chosen.length === 0) {
        throw new PolytaskError(
          'POLYTASK_TIES',
          'A penalty on weights needs variables of at least two axes, but this model has none. Set `biases: true`.',
        );
      }
      return { loss: () => tf.addN(chosen.map(({ variable }) => tf.sum(tf.square(variable)))) };
    },
  }),
});

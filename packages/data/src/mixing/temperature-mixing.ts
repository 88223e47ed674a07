import { describePart, number, type OptionsOf, withDefault } from '@polytask/core';
import { mixRows } from './mix-rows.js';

const options = {
  temperature: withDefault(number({ from: 1 }), 1, 'Of the mixture. 1: in proportion to the rows; larger: more alike.'),
};

/** Options of {@link temperatureMixing}. */
export type TemperatureMixingOptions = OptionsOf<typeof options>;

/**
 * Mixes data sets of several tasks by a temperature: in every batch, task $k$ with $n_k$ rows in its data set gets the share
 *
 * $$ p_k = \frac{n_k^{1/T}}{\sum_j n_j^{1/T}} $$
 *
 * where $T = 1$ is in proportion to the rows, and the larger $T$ is, the more alike the shares: small data sets are then gone
 * through several times per epoch. {@link uniformMixing} is $T = \infty$.
 *
 * Whole rows are dealt out by systematic sampling: with $P_k = p_1 + \\dots + p_k$, batch size $B$ and a uniform $u$ of the step,
 * task $k$ gets $\\lfloor B P_k + u \\rfloor - \\lfloor B P_{k-1} + u \\rfloor$ rows, which is $B p_k$ in expectation and never
 * more than one row off. Nothing has to be remembered.
 *
 * @throws `POLYTASK_INVALID_OPTION` for a temperature below 1.
 * @example
 * ```ts
 * import { firstStep } from '@polytask/core';
 * import { temperatureMixing } from '@polytask/data';
 *
 * const bound = temperatureMixing({ temperature: 2 }).bind({
 *   tasks: ['large', 'small'],
 *   definitions: [],
 *   primary: undefined,
 *   groups: {},
 *   sizes: [900, 100],
 *   batchSize: 8,
 *   uniform: () => () => 0,
 * });
 * console.log(bound.rows(firstStep)); // => [ 6, 2 ]
 * ```
 */
export const temperatureMixing = /* @__PURE__ */ describePart('schedule', {
  name: 'temperature-mixing',
  summary: 'Shares of a batch in proportion to the power 1 / temperature of the rows of each task.',
  cites: [
    {
      authors: 'N. Arivazhagan et al.',
      title: 'Massively multilingual neural machine translation in the wild: findings and challenges',
      venue: 'arXiv',
      year: 2019,
      url: 'https://arxiv.org/abs/1907.05019',
      note:
        "Mixes tasks' data sets so; the best temperatures were between 2 and 5. The paper samples row by row; here every batch " +
        'has its shares to within a row.',
    },
  ],
  options,
  make: ({ temperature }) => ({ bind: mixRows(1 / temperature) }),
});

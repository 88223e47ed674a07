import { describePart, number, type OptionsOf, withDefault } from '@polytask/core';
import { mixRows } from './mix-rows.js';

const options = {
  change: withDefault(
    number({ from: 0, to: 1 }),
    0.8,
    'How far it goes. 1: all tasks alike in the last epoch.',
    'paper',
  ),
};

/** Options of {@link annealedMixing}. */
export type AnnealedMixingOptions = OptionsOf<typeof options>;

/**
 * Mixes data sets of several tasks first in proportion to their rows, and epoch by epoch more alike: in every batch of
 * epoch $e$, from 0, of $E$, task $k$ with $n_k$ rows in its data set gets the share
 *
 * $$ p_k = \frac{n_k^{\alpha}}{\sum_j n_j^{\alpha}}, \qquad \alpha = 1 - c\, \frac{e}{E - 1} $$
 *
 * where $c$ is `change`. Whole rows are dealt out as by {@link temperatureMixing}. A run of one epoch, and one without
 * an end of its own, stays in proportion.
 *
 * @example
 * ```ts
 * import { firstStep } from '@polytask/core';
 * import { annealedMixing } from '@polytask/data';
 *
 * const bound = annealedMixing({ change: 1 }).bind({
 *   tasks: ['large', 'small'],
 *   definitions: [],
 *   primary: undefined,
 *   groups: {},
 *   sizes: [900, 100],
 *   batchSize: 20,
 *   uniform: () => () => 0,
 * });
 * const inEpoch = (epoch: number) => bound.rows({ ...firstStep, epoch, totalEpochs: 3 });
 * console.log(inEpoch(0), inEpoch(1), inEpoch(2)); // => [ 18, 2 ] [ 15, 5 ] [ 10, 10 ]
 * ```
 */
export const annealedMixing = /* @__PURE__ */ describePart('schedule', {
  name: 'annealed-mixing',
  summary: 'Shares of a batch first in proportion to the rows of each task, then more and more alike.',
  cites: [
    {
      authors: 'A. C. Stickland and I. Murray',
      title: 'BERT and PALs: projected attention layers for efficient adaptation in multi-task learning',
      venue: 'ICML',
      year: 2019,
      url: 'https://arxiv.org/abs/1902.02671',
      note: 'Its annealed sampling. The paper draws the task of every batch; here every batch has its shares to within a row.',
    },
  ],
  options,
  make: ({ change }) => ({
    bind: mixRows(({ epoch, totalEpochs }) =>
      totalEpochs === null || totalEpochs < 2 ? 1 : 1 - (change * Math.min(epoch, totalEpochs - 1)) / (totalEpochs - 1),
    ),
  }),
});

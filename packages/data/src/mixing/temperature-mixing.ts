import { defineSchedule, requireOption, type TaskSchedule } from '@polytask/core';

/**
 * Mixes data sets of several tasks by a temperature: in every batch, task $k$ with $n_k$ rows in its data set gets the share
 *
 * $$ p_k = \frac{n_k^{1/T}}{\sum_j n_j^{1/T}} $$
 *
 * where $T = 1$ is in proportion to the rows, and the larger $T$ is, the more alike the shares: small data sets are then gone
 * through several times per epoch. $T = \infty$ gives all tasks the same number of rows.
 *
 * Whole rows are dealt out by systematic sampling: with $P_k = p_1 + \\dots + p_k$, batch size $B$ and a uniform $u$ of the step,
 * task $k$ gets $\\lfloor B P_k + u \\rfloor - \\lfloor B P_{k-1} + u \\rfloor$ rows, which is $B p_k$ in expectation and never
 * more than one row off. Nothing has to be remembered.
 *
 * @param temperature - At least 1; the paper's best was between 2 and 5. Default 1.
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for a temperature below 1.
 * @see N. Arivazhagan et al., "Massively Multilingual Neural Machine Translation in the Wild: Findings and Challenges", 2019,
 * https://arxiv.org/abs/1907.05019
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
export function temperatureMixing({ temperature = 1 }: { readonly temperature?: number } = {}): TaskSchedule {
  requireOption(temperature >= 1, 'temperature', 'a number from 1', temperature);
  return defineSchedule({
    name: 'temperature-mixing',
    options: { temperature: String(temperature) },
    cites: [
      {
        authors: 'N. Arivazhagan et al.',
        title: 'Massively Multilingual Neural Machine Translation in the Wild: Findings and Challenges',
        venue: 'arXiv',
        year: 2019,
        url: 'https://arxiv.org/abs/1907.05019',
      },
    ],
    bind({ sizes, batchSize, uniform }) {
      // Relative to the largest, so that no power overflows.
      const largest = Math.max(...sizes);
      const powers = sizes.map((size) => (size / largest) ** (1 / temperature));
      const sum = powers.reduce((total, power) => total + power, 0);
      const last = sizes.length - 1;
      let reached = 0;
      const ends = powers.map((power, k) => {
        reached += power;
        return k === last ? batchSize : (batchSize * reached) / sum;
      });
      return {
        rows({ step }) {
          const u = uniform(step)();
          const bounds = ends.map((end) => Math.floor(end + u));
          return bounds.map((bound, k) => bound - (bounds[k - 1] ?? 0));
        },
      };
    },
  });
}

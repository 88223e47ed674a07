import { describePart } from '@polytask/core';
import { mixRows } from './mix-rows.js';

/**
 * Mixes data sets of several tasks so that every batch has as many rows of each task, to within one: task $k$ of $K$ gets the share
 * $p_k = 1 / K$, however large its data set is. Small data sets are gone through several times per epoch.
 *
 * @example
 * ```ts
 * import { firstStep } from '@polytask/core';
 * import { uniformMixing } from '@polytask/data';
 *
 * const bound = uniformMixing().bind({
 *   tasks: ['large', 'small'],
 *   definitions: [],
 *   primary: undefined,
 *   groups: {},
 *   sizes: [900, 100],
 *   batchSize: 8,
 *   uniform: () => () => 0,
 * });
 * console.log(bound.rows(firstStep)); // => [ 4, 4 ]
 * ```
 */
export const uniformMixing = /* @__PURE__ */ describePart('schedule', {
  name: 'uniform-mixing',
  summary: 'Every batch has as many rows of each task, within one.',
  options: {},
  make: () => ({ bind: mixRows(0) }),
});

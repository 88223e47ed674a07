import { requireOption } from '@polytask/core';
import type { GroupScore } from './affinity-score.js';
import { exactGrouping } from './exact-grouping.js';
import type { Grouping } from './grouping-problem.js';
import { swapGrouping } from './swap-grouping.js';

/** What {@link bestGrouping} looks for. */
export interface GroupingOptions {
  /** Number of tasks. */
  readonly tasks: number;
  readonly score: GroupScore;
  /** What all groups together may cost; with the default costs, the number of groups. */
  readonly budget: number;
  /** What training, or running, a group costs. Default: 1 each. */
  readonly cost?: (group: readonly number[]) => number;
  /** With more tasks than this, the search is greedy. At most and by default 14. */
  readonly exactUpTo?: number;
}

/**
 * The best groups of tasks to train together, within a budget: every task is in at least one group, groups may overlap, and each task
 * is served by the group in which it does best.
 *
 * $$ \max_{\mathcal G}\ \frac1T \sum_t \max_{g \in \mathcal G,\ g \ni t} S(t, g) \qquad
 * \text{with } \bigcup \mathcal G = \{1, \dots, T\},\ \sum_{g \in \mathcal G} c(g) \le \text{budget} $$
 *
 * With scores by {@link affinityScore} and costs of 1 this is how TAG groups; with measured losses, negated, and costs of a network
 * with one task of ½ it is Standley et al.'s budget.
 *
 * Shapes: T tasks → groups of task indices.
 *
 * @remarks Up to 14 tasks the result is exact, by dynamic programming over sets of tasks: what matters of a group is the set A ⊆ g of
 * tasks that it serves, and the sets served part the tasks. That takes 3^T steps per cost and budget left, which is less than a second
 * even at 14; the literature's branch and bound finds the same. With more tasks groups are improved by adding, removing and moving
 * one task at a time, and `bound` says how much better any grouping could be: the mean of every task's best score in any group of two
 * (which bounds scores that are means over partners), or alone.
 * @throws `POLYTASK_INVALID_OPTION` where the budget is too small for a single group, costs are not above 0, or there is no task.
 * @see C. Fifty et al., "Efficiently identifying task groupings for multi-task learning", NeurIPS 2021,
 * https://arxiv.org/abs/2109.04617; T. Standley et al., "Which tasks should be learned together in multi-task learning?", ICML 2020,
 * https://arxiv.org/abs/1905.07553.
 * @example
 * ```ts
 * import { affinityScore, bestGrouping } from '@polytask/analysis';
 *
 * // 0 and 1 help each other; 2 helps nobody.
 * const score = affinityScore([[0, 0.4, 0.1], [0.3, 0, 0], [-0.2, -0.1, 0]]);
 * console.log(bestGrouping({ tasks: 3, score, budget: 2 }).groups); // => [ [ 0, 1 ], [ 0, 2 ] ]
 * ```
 */
export function bestGrouping(options: GroupingOptions): Grouping {
  const { tasks, score, budget, cost = () => 1, exactUpTo = mostExact } = options;
  requireOption(Number.isInteger(tasks) && tasks > 0, 'tasks', 'a positive whole number', tasks);
  requireOption(exactUpTo <= mostExact, 'exactUpTo', `at most ${mostExact}`, exactUpTo);
  requireOption(budget > 0, 'budget', 'a number above 0', budget);
  return tasks <= exactUpTo
    ? exactGrouping({ tasks, score, budget, cost })
    : swapGrouping({ tasks, score, budget, cost });
}

/** 3^15 steps per cost and budget take seconds. */
const mostExact = 14;

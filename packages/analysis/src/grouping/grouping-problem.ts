import type { GroupScore } from './affinity-score.js';

/** What is looked for, all of it given. */
export interface GroupingProblem {
  readonly tasks: number;
  readonly score: GroupScore;
  readonly budget: number;
  readonly cost: (group: readonly number[]) => number;
}

/** What `bestGrouping` finds. */
export interface Grouping {
  /** Tasks of each group, ascending. A task may be in several. */
  readonly groups: readonly (readonly number[])[];
  /** For each task the group that serves it: of those that hold it, the one with its best score. */
  readonly servedBy: readonly number[];
  /** Mean over tasks of their scores in the groups that serve them. */
  readonly score: number;
  /** No grouping has a higher score than this. */
  readonly bound: number;
  /** Whether none has a higher score than this one. */
  readonly exact: boolean;
}

import {
  affinityScore,
  bestGrouping,
  type GroupScore,
  hierarchicalClustering,
  type TaskMatrix,
} from '@polytask/analysis';
import type { AnalysisDocument } from './analysis-document.js';

/** More groups than this are hardly worth their training. */
const mostGroups = 4;

type Grouping = NonNullable<AnalysisDocument['grouping']>;

/** The best groups by what tasks score in them, of no more than `budget`, by name. */
export function groupsWithin(
  budget: number,
  names: readonly string[],
  score: GroupScore,
): Grouping['byBudget'][number] {
  const { groups, servedBy, score: mean, bound } = bestGrouping({ tasks: names.length, score, budget });
  return {
    budget,
    groups: groups.map((group) => group.map((task) => names[task] as string)),
    servedBy: Object.fromEntries(names.map((name, task) => [name, servedBy[task] as number])),
    score: mean,
    bound,
  };
}

/** The best groups by what tasks score in them, for budgets of one group and more. */
export function bestGroups(names: readonly string[], score: GroupScore): Pick<Grouping, 'byBudget' | 'suggested'> {
  const budgets = Array.from({ length: Math.min(mostGroups, names.length) }, (_, n) => n + 1);
  const byBudget = budgets.map((budget) => groupsWithin(budget, names, score));
  const best = Math.max(...byBudget.map((grouping) => grouping.score));
  // What little a further group adds may be noise.
  const enough = byBudget.findIndex((grouping) => grouping.score >= best - 0.1 * Math.abs(best));
  return { byBudget, suggested: budgets[enough] as number };
}

/**
 * The best groups by the cosines of gradients, and clusters by the similarity of features. Groups by cosine gained more on real data than
 * those by lookahead affinity (`npm run bench -- affinity`), which counts where tasks share no gradients to compare.
 *
 * @param observed - Row i, column t: what i is to t. NaN counts as 0.
 * @param cka - Of single-task networks, where there are any.
 */
export function groupTasks(
  names: readonly string[],
  { cosine, affinity }: { readonly cosine: TaskMatrix; readonly affinity: TaskMatrix },
  cka?: TaskMatrix,
): Grouping {
  const met = cosine.some((row, i) => row.some((value, t) => i !== t && Number.isFinite(value)));
  const measured = met ? cosine : affinity;
  const score = affinityScore(measured.map((row) => row.map((value) => (Number.isFinite(value) ? value : 0))));
  const whole = cka?.every((row) => row.every(Number.isFinite)) === true && names.length > 1;
  return {
    by: met ? 'cosine' : 'affinity',
    ...bestGroups(names, score),
    ...(whole && {
      clusters: hierarchicalClustering((cka as TaskMatrix).map((row) => row.map((value) => 1 - value))).map(
        ({ clusters: [left, right], tasks, distance }) => ({
          clusters: [left, right] as [number, number],
          tasks: tasks.map((task) => names[task] as string),
          distance,
        }),
      ),
    }),
  };
}

/** Groups of tasks, with the one that serves each of them. */
type Groups = Pick<Grouping['byBudget'][number], 'groups' | 'servedBy'>;

/** The tasks that each group serves; groups that serve none are left out. */
export function servedTasks({ groups, servedBy }: Groups): string[][] {
  return groups
    .map((_, n) => Object.keys(servedBy).filter((task) => servedBy[task] === n))
    .filter((tasks) => tasks.length > 0);
}

/**
 * What to write as `sharing` of a run file to train groups as branches of one trunk: all stages of the encoder but the last together,
 * the last one by group, then heads.
 *
 * @param sharing - As it is written.
 * @param stages - Of the encoder, how many there are.
 * @returns undefined where there is one group, or the sharing is not plain hard sharing; with rotations it is not, as branches have none.
 */
export function branchesFor(
  { groups, servedBy }: Groups,
  sharing: Readonly<Record<string, unknown>>,
  stages: number,
): Record<string, unknown> | undefined {
  const served = servedTasks({ groups, servedBy });
  if (served.length < 2 || stages < 1 || sharing.use !== 'hard-sharing' || sharing.rotations) return undefined;
  const branch = (tasks: readonly string[]) => (tasks.length === 1 ? tasks[0] : { stages: 1, branches: tasks });
  return { ...sharing, use: 'branched-sharing', tree: { stages: stages - 1, branches: served.map(branch) } };
}

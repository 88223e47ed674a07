import {
  describePart,
  list,
  number,
  type OptionsOf,
  optional,
  permutation,
  requireOption,
  taskName,
  whole,
  withDefault,
} from '@polytask/core';
import { affinityPropagation } from '../grouping/affinity-propagation.js';
import { type TaskMatrix, taskMatrix } from '../numbers/matrices.js';
import { jeong2025 } from './cites.js';
import { keepSeen } from './keep-seen.js';

/** Groups of tasks that are updated one after the other. */
export const groupsOption = optional(
  list(list(taskName(), { least: 1 }), { least: 1 }),
  'Groups of tasks that take a step one after the other, to begin with.',
  'each task by itself',
);

const options = {
  groups: groupsOption,
  rate: withDefault(number({ above: 0, to: 1 }), 0.05, 'How far a look moves the running means (β).'),
  interval: withDefault(whole({ from: 1 }), 200, 'Steps from one look to the next.', 'paper: 1'),
};

/** Options of {@link proximalAffinity}. */
export type ProximalAffinityOptions = OptionsOf<typeof options>;

/**
 * Proximal inter-task affinity: groups of tasks take a step one after the other, and a running mean keeps what each step did to every
 * task.
 *
 * $$ a_t = \frac{1}{|g|} \Big( 1 - \frac{L_t'}{L_t} \Big), \qquad Z_{s \to t} \leftarrow (1 - \beta) Z_{s \to t} + \beta\, a $$
 *
 * where L and L′ are the losses before and after the step of group g, and for s in g
 * - $a = a_t$ for t outside g, and for t = s where $a_t \ge 0$ (otherwise nothing is learned);
 * - $a = a_t$ for another t in g if a_s and a_t have the same sign, and $-\max(a_s, a_t)$ if not.
 *
 * `trainer.observations()` has `tasks`, `looks`, `affinity` `[K][K]`, row s and column t, and `suggestedGroups`: clusters by affinity
 * propagation of $X_{st} = Z_{st} / Z_{tt}$, made symmetric; empty until every task has an affinity above 0 to itself.
 *
 * @remarks This is the measure alone: the steps are taken on a scratch copy, so that the run goes on as it would, where the paper's
 * method, {@link selectiveGroupUpdates}, trains group by group and groups anew as it goes. The order of the groups is drawn anew for every look, since the first one
 * sees the losses freshest. A look costs one forward and backward pass per group, and one further forward pass each: with 8 tasks about
 * 20 steps of training, a tenth of it at every 200 steps.
 * @throws `POLYTASK_INVALID_OPTION` where a task is in two groups or in none.
 * @example
 * ```ts
 * import { proximalAffinity } from '@polytask/analysis';
 *
 * console.log(proximalAffinity({ interval: 5 }).name); // => proximal-affinity
 * ```
 */
export const proximalAffinity = /* @__PURE__ */ describePart('observer', {
  name: 'proximal-affinity',
  summary: 'Running means of what trial steps of groups of tasks do to every task, and groups that follow from them.',
  cites: [{ ...jeong2025, note: 'The affinity; the selective updates are a plan of their own.' }],
  options,
  make: ({ groups, rate, interval }) => ({
    interval,
    bind({ objectives, uniform }) {
      const names = objectives.map(({ name }) => name);
      const members = membersOf(groups, names);
      const kept = keepSeen(() => ({ affinity: taskMatrix(names.length, () => 0), looks: 0 }));
      const { saveState, loadState, reset } = kept;
      return {
        async probe({ gradient, apply, clone, parameters, losses, info }) {
          const trial = await clone(parameters);
          let before = await losses();
          kept.seen.looks += 1;
          for (const place of permutation(members.length, uniform(info.step))) {
            const group = (members[place] as number[]).filter((task) => Number.isFinite(before[task]));
            if (group.length === 0) continue;
            const weights = names.map((_, task) => (group.includes(task) ? 1 : 0));
            const only = await gradient({ weights, auxiliary: false, parameters: trial });
            await apply(only.gradient, { parameters: trial, active: group });
            const after = await losses({ parameters: trial });
            kept.seen.affinity = learn(kept.seen.affinity, group, changesOf(before, after, group.length), rate);
            before = after;
          }
        },
        result() {
          const { affinity, looks } = kept.seen;
          const groups = proximalGroups(affinity) ?? [];
          const suggestedGroups = groups.map((group) => group.map((task) => names[task] as string));
          return { tasks: names, looks, affinity, suggestedGroups };
        },
        ...{ saveState, loadState, reset },
      };
    },
  }),
});

/**
 * Groups by number; undefined: each task by itself. Errors: `POLYTASK_INVALID_OPTION` where a task is in two groups or in none.
 */
export function membersOf(groups: readonly (readonly string[])[] | undefined, names: readonly string[]): number[][] {
  const given = groups ?? names.map((name) => [name]);
  const once = names.every((name) => given.flat().filter((other) => other === name).length === 1);
  requireOption(once, 'groups', `groups in which each of ${names.join(', ')} is once`, given);
  return given.map((group) => group.map((name) => names.indexOf(name)));
}

/**
 * What a group's step did to every task; NaN for tasks that are absent, or whose loss is not above 0.
 *
 * Shapes: losses before and after `[K]` → `[K]`.
 */
export function changesOf(before: ArrayLike<number>, after: ArrayLike<number>, groupSize: number): number[] {
  return Array.from(before, (loss, task) => (loss > 0 ? (1 - (after[task] as number) / loss) / groupSize : Number.NaN));
}

/** The running means after a step of a group that did this to every task. */
export function learn(
  affinity: TaskMatrix,
  group: readonly number[],
  changes: readonly number[],
  rate: number,
): number[][] {
  const seen = (s: number, t: number): number => {
    const [own, other] = [changes[s] as number, changes[t] as number];
    if (s === t) return other >= 0 ? other : Number.NaN;
    if (!group.includes(t)) return other;
    if (Number.isNaN(own) || Number.isNaN(other)) return Number.NaN;
    return own >= 0 === other >= 0 ? other : -Math.max(own, other);
  };
  return taskMatrix(affinity.length, (s, t) => {
    const old = affinity[s]?.[t] as number;
    const found = group.includes(s) ? seen(s, t) : Number.NaN;
    return Number.isFinite(found) ? (1 - rate) * old + rate * found : old;
  });
}

/**
 * Clusters by affinity propagation of X_st = Z_st / Z_tt, made symmetric; undefined until every task has an affinity above 0 to itself.
 *
 * @param preference - Default: the median of the similarities.
 */
export function proximalGroups(affinity: TaskMatrix, preference?: number): number[][] | undefined {
  const own = affinity.map((row, task) => row[task] as number);
  if (!own.every((value) => value > 0)) return undefined;
  const scaled = (s: number, t: number) => (affinity[s]?.[t] as number) / (own[t] as number);
  const similarities = taskMatrix(affinity.length, (s, t) => (scaled(s, t) + scaled(t, s)) / 2);
  return affinityPropagation(similarities, { ...(preference !== undefined && { preference }) });
}

import { describePart, number, type OptionsOf, optional, permutation, whole, withDefault } from '@polytask/core';
import { taskMatrix } from '../numbers/matrices.js';
import { jeong2025 } from '../observers/cites.js';
import { keepSeen } from '../observers/keep-seen.js';
import { changesOf, groupsOption, learn, membersOf, proximalGroups } from '../observers/proximal-affinity.js';

const options = {
  groups: groupsOption,
  rate: withDefault(
    number({ above: 0, to: 1 }),
    1e-3,
    'How far a step moves the running means of the affinity (β).',
    'authors’ code',
  ),
  warmUp: withDefault(
    whole({ from: 0 }),
    100,
    'Steps with the first groups, before tasks are grouped anew.',
    'authors’ code',
  ),
  interval: withDefault(whole({ from: 1 }), 1, 'Steps from one grouping to the next, after that.', 'authors’ code'),
  preference: optional(
    number(),
    'How much a task wants to stand for a group, beside similarities that are 1 to itself; the higher, the more groups.',
    'the median of the similarities',
  ),
};

/** Options of {@link selectiveGroupUpdates}. */
export type SelectiveGroupUpdatesOptions = OptionsOf<typeof options>;

/**
 * Selective task group updates: within every step groups of tasks are updated one after the other, and which tasks are in a group
 * follows from what the updates did to all of them.
 *
 * $$ \theta \leftarrow \theta - \eta\, \nabla \sum_{t \in g} L_t(\theta) \quad \text{for each group } g \text{, in random order}, \qquad
 * \{g\} \leftarrow \operatorname{clusters}\Big( \tfrac12 \big( X + X^\top \big) \Big), \quad X_{st} = \frac{Z_{s \to t}}{Z_{t \to t}} $$
 *
 * where
 * - η ∇ stands for a step of the run's optimizer, which moves the shared parameters and those of the tasks in g alone;
 * - Z `[K][K]` is the proximal affinity that {@link proximalAffinity} describes, learned from the losses before and after every update;
 * - clusters are those of {@link affinityPropagation}, formed anew every `interval` steps after `warmUp`. Until every task has an affinity
 *   above 0 to itself the groups stay as they are.
 *
 * The history has `groups`, how many there are, as a mean over the steps of an epoch.
 *
 * @remarks A step costs a forward and backward pass per group, and one further forward pass: with one group about a third more than the
 * sum of the losses costs, with K groups K times that. The shared parameters move once per group, so that the learning rate of the sum of
 * losses may be too large here. The authors' code reads what an update did from the next group's forward pass, not that of the last group, and trains a
 * single group twice; here the further pass says it. Auxiliary terms are part of the first update of a step alone. BatchNorm's
 * statistics move once per step.
 * @throws `POLYTASK_INVALID_OPTION` where a task is in two groups or in none.
 * @example
 * ```ts
 * import { selectiveGroupUpdates } from '@polytask/analysis';
 *
 * console.log(selectiveGroupUpdates({ warmUp: 50 }).kind); // => step-plan
 * ```
 */
export const selectiveGroupUpdates = /* @__PURE__ */ describePart('step-plan', {
  name: 'selective-group-updates',
  summary: 'Updates groups of tasks one after the other, and groups them anew by what the updates did to all tasks.',
  cites: [jeong2025],
  options,
  make: ({ groups: first, rate, warmUp, interval, preference }) => ({
    bind({ tasks, uniform }) {
      const k = tasks.length;
      const kept = keepSeen(() => ({ affinity: taskMatrix(k, () => 0), groups: membersOf(first, tasks) }));
      const { saveState, loadState, reset } = kept;
      return {
        async step({ gradient, apply, losses, active, info }) {
          const { step } = info;
          const { seen } = kept;
          if (step >= warmUp && (step - warmUp) % interval === 0) {
            seen.groups = proximalGroups(seen.affinity, preference) ?? seen.groups;
          }
          const { groups } = seen;
          const present = active();
          const updates = Array.from(permutation(groups.length, uniform(step)))
            .map((place) => (groups[place] as number[]).filter((task) => present.includes(task)))
            .filter((group) => group.length > 0);
          let begun: Float64Array | undefined;
          let before: Float64Array | undefined;
          let last: readonly number[] = [];
          const saw = (after: Float64Array) => {
            if (before !== undefined) {
              seen.affinity = learn(seen.affinity, last, changesOf(before, after, last.length), rate);
            }
            before = after;
          };
          for (const group of updates) {
            const weights = tasks.map((_, task) => (group.includes(task) ? 1 : 0));
            const found = await gradient({ weights, auxiliary: begun === undefined });
            saw(found.losses);
            begun ??= found.losses;
            await apply(found.gradient, { active: group });
            last = group;
          }
          saw(await losses());
          return {
            losses: begun as Float64Array,
            weights: tasks.map((_, task) => (present.includes(task) ? 1 : 0)),
            logged: { groups: groups.length },
          };
        },
        ...{ saveState, loadState, reset },
      };
    },
  }),
});

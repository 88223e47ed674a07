import {
  type AnyTask,
  buildEncoder,
  buildFlatten,
  buildHead,
  buildTaskInputs,
  byTask,
  describePart,
  headBodies,
  headOption,
  list,
  type NamedTensors,
  type OptionsOf,
  optional,
  PolytaskError,
  part,
  required,
  taskName,
  UnknownNameError,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { requireSameRows } from './same-rows.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  relations: required(
    byTask(list(taskName()), 'lists of tasks'),
    'Tasks on which a task depends, by its name: `{ purchase: [click] }`.',
  ),
  head: headOption,
  relation: optional(
    part('encoder'),
    "Hidden layers on a task's features and those of the tasks it depends on, put side by side.",
    'none',
  ),
};

/** Options of {@link dbmtl}. */
export type DbmtlOptions = OptionsOf<typeof options>;

/**
 * DBMTL, "deep Bayesian multi-target learning": tasks depend on one another along a graph that is given.
 *
 * $$ f_t = \text{tower}_t(h), \qquad r_t = \text{relation}_t\big([f_t; r_s : s \in \text{parents}(t)]\big), \qquad
 * \hat y_t = r_t\, W_t + b_t $$
 *
 * where
 * - h are the features of the shared trunk, at `trunk/...`;
 * - tower_t is the body that `head` gives, at `towers/<task>/...`; relation_t is at `relations/<task>/...`;
 * - parents(t) are the tasks that `relations` names for t. W_t, b_t are at `heads/<task>/outputs/...`.
 *
 * Shapes: h `[rows, ...]` → f, r `[rows, width]` → outputs as each task declares them.
 *
 * @remarks It is features that are handed on, not predictions, and gradients flow back through them: a tower is used by
 * its task and by all that depend on it. The order of tasks does not matter.
 * @throws `POLYTASK_TASK_CYCLE` where a task depends on itself in the end; `POLYTASK_UNKNOWN_NAME` for tasks that do
 * not exist; `POLYTASK_SHAPE_MISMATCH` where tasks that depend on one another read different rows.
 * @example
 * ```ts
 * import { binary, createTrainer, mlp } from '@polytask/core';
 * import { dbmtl } from '@polytask/hard-sharing';
 *
 * const trainer = await createTrainer({
 *   tasks: [binary('click'), binary('purchase')],
 *   sharing: dbmtl({ encoder: mlp([16]), head: mlp([8]), relation: mlp([4]), relations: { purchase: ['click'] } }),
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * const layers = trainer.parameters?.layout.segments.filter(({ path }) => path.endsWith('dense0/kernel'));
 * console.log(layers?.map(({ path, shape }) => `${path} ${shape}`));
 * // => [ 'trunk/dense0/kernel 3,16', 'towers/click/dense0/kernel 16,8', 'relations/click/dense0/kernel 8,4',
 * // =>   'towers/purchase/dense0/kernel 16,8', 'relations/purchase/dense0/kernel 12,4' ]
 * trainer.dispose();
 * ```
 */
export const dbmtl = /* @__PURE__ */ describePart('sharing', {
  name: 'dbmtl',
  summary: 'Tasks that depend on one another along a graph: features of one are handed on to those after it.',
  cites: [
    {
      authors: 'Q. Wang, Z. Ji, H. Liu and B. Zhao',
      title: 'Deep Bayesian multi-target learning for recommender systems',
      venue: 'arXiv',
      year: 2019,
      url: 'https://arxiv.org/abs/1902.09154',
    },
  ],
  options,
  make: ({ encoder, relations, head, relation }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      const order = orderOf(relations, names);
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const bodyOf = headBodies(head, tasks);
      // A task comes before all that depend on it, so their users are known last.
      const users = new Map(names.map((name) => [name, new Set([name])]));
      for (const name of [...order].reverse()) {
        for (const parent of relations[name] ?? [])
          for (const user of users.get(name) ?? []) users.get(parent)?.add(user);
      }
      const widths = new Map<string, number>();
      const nodes = order.map((name) => {
        const usedBy = names.filter((user) => users.get(name)?.has(user));
        const body = bodyOf(name);
        const tower =
          body && buildEncoder(body, scope.child('towers').child(name, { usedBy }), { features: trunk.output });
        const flat = buildFlatten(tower?.output ?? trunk.output);
        const parents = relations[name] ?? [];
        const width = [flat.output.shape[0] as number, ...parents.map((parent) => widths.get(parent) as number)].reduce(
          (sum, one) => sum + one,
        );
        const joined = { features: { shape: [width], dtype: 'float32' } } as const;
        const related = relation && buildEncoder(relation, scope.child('relations').child(name, { usedBy }), joined);
        const output = related?.output ?? joined.features;
        const flatRelated = buildFlatten(output);
        widths.set(name, flatRelated.output.shape[0] as number);
        const task = tasks.find((one) => one.name === name) as AnyTask;
        const built = buildHead(scope.child('heads').child(name, { usedBy: [name] }), task, output);
        return { name, parents, tower, flat, related, flatRelated, built };
      });
      return {
        forward(tensors, step) {
          const { features: given, shared } = applyShared(tensors, step, trunk.apply);
          const handed: Record<string, tf.Tensor> = {};
          const outputs: Record<string, NamedTensors> = {};
          const features: Record<string, tf.Tensor> = {};
          for (const { name, parents, tower, flat, related, flatRelated, built } of nodes) {
            const h = given[name] as tf.Tensor;
            const own = flat.apply(tower?.apply({ features: h }, step) ?? h, step);
            const all = [own, ...parents.map((parent) => handed[parent] as tf.Tensor)];
            requireSameRows(`What \`${name}\` gets of the tasks it depends on`, all);
            const joined = all.length === 1 ? own : tf.concat(all, 1);
            const r = related?.apply({ features: joined }, step) ?? joined;
            handed[name] = flatRelated.apply(r, step);
            const found = built.apply(r, step);
            outputs[name] = found.outputs;
            features[name] = found.features;
          }
          return { outputs, features, shared, intermediates: {} };
        },
      };
    },
  }),
});

/** Tasks in an order in which each comes after those it depends on, and otherwise in task order. */
function orderOf(
  relations: { readonly [task: string]: readonly string[] },
  tasks: readonly string[],
): readonly string[] {
  for (const name of [...Object.keys(relations), ...Object.values(relations).flat()]) {
    if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, 'relations');
  }
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      const cycle = [...path.slice(path.indexOf(name)), name].map((one) => `\`${one}\``).join(' depends on ');
      throw new PolytaskError(
        'POLYTASK_TASK_CYCLE',
        `Tasks must not depend on themselves, but ${cycle}. Take one of these out of \`relations\`.`,
        { option: 'relations' },
      );
    }
    if (order.includes(name)) return;
    for (const parent of relations[name] ?? []) visit(parent, [...path, name]);
    order.push(name);
  };
  for (const name of tasks) visit(name, []);
  return order;
}

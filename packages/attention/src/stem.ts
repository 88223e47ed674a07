import {
  adaptersOption,
  type BuildScope,
  type BuiltStages,
  buildDense,
  buildEncoder,
  buildFlatten,
  buildHeads,
  buildTaskInputs,
  describePart,
  headOption,
  type InputSpec,
  type OptionsOf,
  part,
  required,
  type StepContext,
  stopGradient,
  taskRelation,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { mixExperts } from './mix-experts.js';
import { shareReport } from './share-report.js';

const options = {
  embedding: required(part('encoder'), 'Embeddings, such as `tabular()`: one copy for each task and one for all.'),
  encoder: required(part('encoder'), 'One expert over embeddings; all experts are copies with weights of their own.'),
  sharedExperts: withDefault(whole({ from: 1 }), 1, 'Number of experts over the embeddings of all.', 'our own'),
  taskExperts: withDefault(whole({ from: 1 }), 1, "Number of experts over every task's own embeddings.", 'our own'),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link stem}. */
export type StemOptions = OptionsOf<typeof options>;

/**
 * Shared and task-specific embeddings: every task has embeddings of its own beside those of all, looks at everybody's,
 * and teaches its own and the shared ones alone.
 *
 * $$ h_t = \sum_{k \in S} g_{t,k}\, E_k(e_S) + \sum_{k \in P_t} g_{t,k}\, E_k(e_t) + \sum_{s \neq t} \sum_{k \in P_s}
 * g_{t,k}\,
 * \text{sg}\big(E_k(e_s)\big), \qquad g_t = \text{softmax}\big([e_t,\ e_S]\, W_t + b_t\big) $$
 *
 * where
 * - e_S are the embeddings of all (`shared/embedding/...`), e_t task t's (`own/<task>/embedding/...`); E_k are the
 *   experts over them (`shared/expert<k>/...`, `own/<task>/expert<k>/...`);
 * - sg stops the gradient: what belongs to a task is used by that task only;
 * - W_t, b_t are task t's gate (`gates/<task>/...`), over the shared experts, then those of all tasks in task order.
 *
 * `trainer.inspect` gives the gates as `intermediates['gates/<task>']`. The history has, by epoch, their mean shares
 * `stem/gates/<task>/shared<k>` and `stem/gates/<task>/<other>/own<k>`, and their entropy.
 *
 * Shapes: inputs `[rows, ...]` → embeddings `[rows, ...]` → features `[rows, ...]` by task → outputs as each task
 * declares them.
 *
 * @remarks Tables grow with the number of tasks: K + 1 of each. Tasks with inputs of their own look at the rows that
 * they read, so all experts run on each set of inputs.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes; what the encoders throw.
 * @example
 * ```ts
 * import { mlp, tabular } from '@polytask/core';
 * import { stem } from '@polytask/attention';
 *
 * stem({ embedding: tabular(), encoder: mlp([32]) }).name; // => 'stem'
 * ```
 */
export const stem = /* @__PURE__ */ describePart('sharing', {
  name: 'stem',
  summary:
    'Embeddings of each task beside shared ones; a task looks at all experts, and teaches its own and the shared ones.',
  cites: [
    {
      authors: 'L. Su, J. Pan, X. Wang, X. Xiao, S. Quan, X. Chen and J. Jiang',
      title: 'STEM: unleashing the power of embeddings for multi-task recommendation',
      venue: 'AAAI',
      year: 2024,
      url: 'https://arxiv.org/abs/2308.13537',
      note: 'The gate reads a task’s own and the shared embeddings.',
    },
  ],
  options,
  make: ({ embedding, encoder, sharedExperts, taskExperts, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      const { specs, sources } = buildTaskInputs(scope, tasks, inputs, adapters);
      const build = (place: BuildScope, experts: number): Group => {
        const table = buildEncoder(embedding, place.child('embedding'), specs);
        const read = { features: table.output };
        const copies = Array.from({ length: experts }, (_, k) =>
          buildEncoder(encoder, place.child(`expert${k}`), read),
        );
        return { table, experts: copies };
      };
      const shared = build(scope.child('shared'), sharedExperts);
      const own = names.map((task) => build(scope.child('own').child(task, { usedBy: [task] }), taskExperts));
      const flat = buildFlatten(shared.table.output);
      const places = [
        ...shared.experts.map((_, k) => `shared${k}`),
        ...names.flatMap((task) => Array.from({ length: taskExperts }, (_, k) => `${task}/own${k}`)),
      ];
      const seen: InputSpec = { shape: [2 * (flat.output.shape[0] as number)], dtype: 'float32' };
      const gates = names.map((task) => ({
        gate: buildDense(scope.child('gates').child(task, { usedBy: [task] }), seen, places.length),
        report: shareReport(`gates/${task}`, places),
      }));
      const heads = buildHeads(scope, tasks, shared.experts[0]?.output as InputSpec, head);
      return {
        relations: [taskRelation('gates', 'places', names)],
        logged: gates.flatMap(({ report }) => report.names),
        forward(x, step) {
          const features: Record<string, tf.Tensor> = {};
          const intermediates: Record<string, tf.Tensor> = {};
          for (const source of sources) {
            const given = source.select(x, step);
            const common = through(shared, given, step);
            const each = own.map((group) => through(group, given, step));
            names.forEach((task, t) => {
              if (!source.tasks.includes(task)) return;
              const experts = [
                ...common.experts,
                ...each.flatMap((group, s) => (s === t ? group.experts : group.experts.map(stopGradient))),
              ];
              const tables = [each[t]?.table as tf.Tensor, common.table].map((table) => flat.apply(table, step));
              const { gate, report } = gates[t] as (typeof gates)[number];
              const shares = tf.softmax(gate.apply(tf.concat(tables, 1), step));
              features[task] = mixExperts(tf.stack(experts, 1), shares);
              intermediates[`gates/${task}`] = shares;
              if (step.training) Object.assign(intermediates, report.of(shares));
            });
          }
          return heads.apply(features, step, { intermediates });
        },
      };
    },
  }),
});

/** Embeddings, and experts over them. */
interface Group {
  readonly table: BuiltStages;
  readonly experts: readonly BuiltStages[];
}

function through({ table, experts }: Group, given: Parameters<BuiltStages['apply']>[0], step: StepContext) {
  const features = table.apply(given, step);
  return { table: features, experts: experts.map((expert) => expert.apply({ features }, step)) };
}

import {
  adaptersOption,
  buildAttention,
  buildEncoder,
  buildHeads,
  buildLayerNorm,
  buildTaskInputs,
  describePart,
  flag,
  headOption,
  type OptionsOf,
  part,
  required,
  taskRelation,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { shareReport } from './share-report.js';
import { branchOption, buildTaskNodes } from './task-nodes.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  branch: branchOption,
  attentionHeads: withDefault(
    whole({ from: 1 }),
    1,
    'Attentions side by side; a divisor of the width of the features.',
  ),
  layerNorm: withDefault(flag(), true, 'Normalise what comes out.', 'Vaswani et al., section 3.1'),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link crossTaskAttention}. */
export type CrossTaskAttentionOptions = OptionsOf<typeof options>;

/**
 * Cross-task attention: every task has features of its own and takes, row by row, of those of all tasks what fits.
 *
 * $$ h_t' = \text{LN}\Big(h_t + \big[A_{1,t}\, H W_1^V, \dots\big] W^O + b\Big), \qquad
 * A_{m,t} = \text{softmax}\Big(\frac{(h_t W_m^Q)(H W_m^K)^\top}{\sqrt d}\Big), \qquad H = [h_1, \dots, h_K] $$
 *
 * where
 * - h_t are what task t's branch (`branches/<task>/...`) makes of the trunk's features (`trunk/...`); of maps, every
 *   position attends by itself;
 * - A_m are attentions, `attentionHeads` of them, each of width d, with W at `attention/...`, which all tasks use;
 * - LN is a layer normalisation of each task (`norms/<task>/...`).
 *
 * `trainer.inspect` gives how much task t took of each task, the mean over attentions, as
 * `intermediates['attention/<task>']`, `[rows, ..., K]`. The history has its means by epoch,
 * `cross-task-attention/attention/<task>/<other>`, and their entropy.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ..., n]` → branches `[rows, ..., d]` by task → outputs as each task
 * declares them.
 *
 * @remarks Tasks are the places of the attention, not the pixels of another task's map as in the paper, so it is as
 * good for vectors; nor is there the paper's correlation map. All branches reach all tasks and count as shared. With
 * one task it attends to itself.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes; `POLYTASK_SHAPE_MISMATCH` where they read
 * different rows; `POLYTASK_INVALID_OPTION` where `attentionHeads` does not divide the width.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { crossTaskAttention } from '@polytask/attention';
 *
 * crossTaskAttention({ encoder: mlp([64]), branch: mlp([32]), attentionHeads: 4 }).name; // => 'cross-task-attention'
 * ```
 */
export const crossTaskAttention = /* @__PURE__ */ describePart('sharing', {
  name: 'cross-task-attention',
  summary: "Each task's features attend to those of all tasks, row by row.",
  cites: [
    {
      authors: 'I. Lopes, T.-H. Vu and R. de Charette',
      title: 'Cross-task attention mechanism for dense multi-task learning',
      venue: 'WACV',
      year: 2023,
      url: 'https://arxiv.org/abs/2206.08927',
      note: 'The idea; there positions of one map attend to those of another.',
    },
    {
      authors: 'A. Vaswani, N. Shazeer, N. Parmar, J. Uszkoreit, L. Jones, A. N. Gomez, Ł. Kaiser and I. Polosukhin',
      title: 'Attention is all you need',
      venue: 'NeurIPS',
      year: 2017,
      url: 'https://arxiv.org/abs/1706.03762',
    },
  ],
  options,
  make: ({ encoder, branch, attentionHeads, layerNorm, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const nodes = buildTaskNodes(scope, names, trunk.output, branch, () => names);
      const memory = { shape: [names.length, nodes.width], dtype: 'float32' } as const;
      const attention = buildAttention(scope.child('attention'), memory, memory, { heads: attentionHeads });
      const norms = names.map((name) =>
        layerNorm ? buildLayerNorm(scope.child('norms').child(name, { usedBy: [name] }), nodes.output) : undefined,
      );
      const reports = names.map((name) => shareReport(`attention/${name}`, names));
      const heads = buildHeads(scope, tasks, nodes.output, head);
      return {
        relations: [taskRelation('attention', 'tasks', names)],
        logged: reports.flatMap((report) => report.names),
        forward(x, step) {
          const { features, shared } = applyShared(x, step, trunk.apply);
          const own = nodes.apply(features, step);
          const { features: taken, weights } = attention.apply(own, own, step);
          const met = nodes.split(tf.add(own, taken));
          const shares = nodes.split(tf.mean(weights, 1));
          const intermediates: Record<string, tf.Tensor> = {};
          names.forEach((name, k) => {
            met[name] = norms[k]?.apply(met[name] as tf.Tensor, step) ?? (met[name] as tf.Tensor);
            const share = shares[name] as tf.Tensor;
            intermediates[`attention/${name}`] = share;
            if (step.training) Object.assign(intermediates, reports[k]?.of(tf.reshape(share, [-1, names.length])));
          });
          return heads.apply(met, step, { shared, intermediates });
        },
      };
    },
  }),
});

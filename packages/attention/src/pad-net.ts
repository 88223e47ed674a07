import {
  type AnyTask,
  type AuxiliaryTerm,
  adaptersOption,
  type BuiltHead,
  buildDense,
  buildEncoder,
  buildHead,
  buildHeads,
  buildTaskInputs,
  describePart,
  type ForwardState,
  headOption,
  type NamedTensors,
  number,
  type OptionsOf,
  part,
  required,
  unstack,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { branchOption, buildTaskNodes } from './task-nodes.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  branch: branchOption,
  initial: withDefault(number({ from: 0 }), 1, "Weight of the losses of the tasks' first predictions.", 'our own'),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link padNet}. */
export type PadNetOptions = OptionsOf<typeof options>;

/**
 * Prediction-and-distillation network: each task predicts a first time, then takes of the features of the others by a
 * gate of its own, and predicts again.
 *
 * $$ f_t' = f_t + \sum_{a \neq t} \sigma(f_t W_t^G + b_t) \odot f_a W_a^M, \qquad \hat y_t = \text{head}_t(f_t'),
 * \qquad
 * L = \sum_t L_t(\hat y_t) + \lambda \sum_t L_t\big(\text{head}_t^{0}(f_t)\big) $$
 *
 * where
 * - f_t is what task t's branch (`branches/<task>/...`) makes of the trunk's features (`trunk/...`), used by all tasks;
 *   of maps, all acts at every position;
 * - the gate W_t^G, b_t is at `gates/<task>/...`, the message W_a^M at `messages/<task>/...`, used by the tasks other
 *   than a;
 * - head_t^0 is the first, linear head (`initial/<task>/...`); λ is `initial`. Only the second term moves it.
 *
 * `trainer.inspect` gives first outputs as `intermediates['initial/<task>/<output>']` and gates as `['gates/<task>']`.
 * The history has the second term by epoch, `pad-net/initial`, and the gates' means, `pad-net/gates/<task>/mean`.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ..., n]` → branches, the same by task → outputs as each task declares
 * them, twice.
 *
 * @remarks The paper's third module of distillation, with its 3×3 convolutions replaced by linear layers at every
 * position (give `branch` convolutions for more). It needs tasks that read the same rows. With one task nothing is
 * taken.
 * @throws `POLYTASK_TASK_INPUTS` and `POLYTASK_SHAPE_MISMATCH` where tasks read inputs of different shapes or other
 * rows.
 * @example
 * ```ts
 * import { convNet, mlp } from '@polytask/core';
 * import { padNet } from '@polytask/attention';
 *
 * const maps = convNet({ padding: 'same', pool: 1, dense: [] });
 * padNet({ encoder: maps, branch: mlp([16], { flatten: false }) }).name; // => 'pad-net'
 * ```
 */
export const padNet = /* @__PURE__ */ describePart('sharing', {
  name: 'pad-net',
  summary: 'Each task predicts, takes of the features of the others by a gate, and predicts again.',
  cites: [
    {
      authors: 'D. Xu, W. Ouyang, X. Wang and N. Sebe',
      title:
        'PAD-Net: multi-tasks guided prediction-and-distillation network for simultaneous depth estimation and scene parsing',
      venue: 'CVPR',
      year: 2018,
      url: 'https://arxiv.org/abs/1805.04409',
    },
  ],
  options,
  make: ({ encoder, branch, initial, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const nodes = buildTaskNodes(scope, names, trunk.output, branch, () => names);
      const vector = { shape: [nodes.width], dtype: 'float32' } as const;
      const others = (task: string) => names.filter((name) => name !== task);
      const exchange =
        names.length === 1
          ? []
          : names.map((task) => {
              const message = scope.child('messages').child(task, { usedBy: others(task) });
              return {
                gate: buildDense(scope.child('gates').child(task, { usedBy: [task] }), vector, nodes.width),
                message: buildDense(message, vector, nodes.width, { bias: false }),
              };
            });
      // Moved by the second term alone, so no task's.
      const place = scope.child('initial', { usedBy: [] });
      const first = new Map(tasks.map((task) => [task.name, buildHead(place.child(task.name), task, nodes.output)]));
      const heads = buildHeads(scope, tasks, nodes.output, head);
      return {
        logged: exchange.length === 0 ? [] : names.map((task) => `gates/${task}/mean`),
        auxiliary: initial > 0 ? [initialTerm(tasks, initial)] : [],
        forward(x, step) {
          const { features, shared } = applyShared(x, step, trunk.apply);
          const stacked = nodes.apply(features, step);
          const own = unstack(stacked, 1);
          const intermediates: Record<string, tf.Tensor> = {};
          for (const [task, node] of Object.entries(nodes.split(stacked))) {
            const { outputs } = (first.get(task) as BuiltHead).apply(node, step);
            for (const [name, output] of Object.entries(outputs)) intermediates[`initial/${task}/${name}`] = output;
          }
          const messages = exchange.map(({ message }, k) => message.apply(own[k] as tf.Tensor, step));
          const met = own.map((node, k) => {
            const gate = exchange[k]?.gate.apply(node, step);
            if (gate === undefined) return node;
            const open = tf.sigmoid(gate);
            intermediates[`gates/${names[k]}`] = open;
            if (step.training) intermediates[`gates/${names[k]}/mean`] = tf.mean(open);
            return tf.add(node, tf.mul(open, tf.addN(messages.filter((_, a) => a !== k))));
          });
          return heads.apply(nodes.split(tf.stack(met, 1)), step, { shared, intermediates });
        },
      };
    },
  }),
});

/** The tasks' losses of their first outputs, each the weighted mean over its rows. */
function initialTerm(tasks: readonly AnyTask[], weight: number): AuxiliaryTerm {
  const firstOutputs = ({ name, outputs }: AnyTask, { intermediates }: ForwardState): NamedTensors =>
    Object.fromEntries(
      Object.keys(outputs).map((output) => [output, intermediates[`initial/${name}/${output}`] as tf.Tensor]),
    );
  return {
    name: 'initial',
    weight,
    loss({ state, batch, rowLosses }) {
      const outputs = Object.fromEntries(tasks.map((task) => [task.name, firstOutputs(task, state)]));
      const losses = tasks.map(({ name }) => {
        const weights = batch.weights[name] as tf.Tensor;
        const sum = tf.sum(tf.mul(rowLosses(name, { ...state, outputs }), weights));
        return tf.div(sum, tf.maximum(tf.sum(weights), 1e-12));
      });
      return tf.addN(losses);
    },
  };
}

import {
  type AnyTask,
  buildEncoder,
  buildHead,
  buildTaskInputs,
  describePart,
  headBodies,
  headOption,
  InvalidOptionError,
  list,
  type NamedTensors,
  type OptionsOf,
  part,
  required,
  taskName,
  UnknownNameError,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { requireSameRows } from './same-rows.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  chain: required(
    list(taskName(), { least: 1, what: 'a list of task names, in the order of events' }),
    'Tasks in the order of events, each possible only after the one before: `[click, conversion]`.',
  ),
  head: headOption,
};

/** Options of {@link esmm}. */
export type EsmmOptions = OptionsOf<typeof options>;

/**
 * ESMM, the "entire space multi-task model": events that come one after the other, each learned over all rows as a
 * product of conditional probabilities.
 *
 * $$ p_n = \prod_{i=1}^{n} \sigma(a_i), \qquad
 * z_n = \log \frac{p_n}{1 - p_n} = -\log\big(e^{-z_{n-1}} + e^{-a_n} + e^{-z_{n-1} - a_n}\big), \quad z_1 = a_1 $$
 *
 * where
 * - a_i is what task i's head gives: the logit of event i where event i − 1 happened;
 * - z_n is the output of task n, the logit of events 1 to n having happened, whose loss is over all rows: for two, pCTR
 *   and pCTCVR.
 *
 * The conditional probabilities σ(a_n), pCVR among them, are the intermediates `conditional/<task>` of
 * `trainer.inspect`.
 *
 * Shapes: a, z `[rows, 1]` as the task declares them.
 *
 * @remarks Everything is in logarithms: a product of probabilities near 0, or a difference of 1 and one near 1, is
 * never formed. The label of a task says whether its event happened, in every row: a row without a click has conversion
 * 0, not no label. Tasks not in the chain have heads as under `hardSharing`. A head of the chain is used by its task
 * and all that come after it.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks that do not exist; `POLYTASK_INVALID_OPTION` for tasks named twice, and
 * tasks that are not a yes or no with one logit; `POLYTASK_SHAPE_MISMATCH` where tasks of the chain read different
 * rows.
 * @example
 * ```ts
 * import { binary, createTrainer, mlp } from '@polytask/core';
 * import { esmm } from '@polytask/hard-sharing';
 *
 * const trainer = await createTrainer({
 *   tasks: [binary('click'), binary('conversion')],
 *   sharing: esmm({ encoder: mlp([16]), chain: ['click', 'conversion'], head: mlp([8]) }),
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * const head = trainer.parameters?.layout.segments.find(({ path }) => path === 'heads/click/dense0/kernel');
 * console.log(head?.usedBy); // => [ 'click', 'conversion' ]
 * trainer.dispose();
 * ```
 */
export const esmm = /* @__PURE__ */ describePart('sharing', {
  name: 'esmm',
  summary: 'Events that come one after the other, learned over all rows as products of conditional probabilities.',
  cites: [
    {
      authors: 'X. Ma, L. Zhao, G. Huang, Z. Wang, Z. Hu, X. Zhu and K. Gai',
      title: 'Entire space multi-task model: an effective approach for estimating post-click conversion rate',
      venue: 'SIGIR',
      year: 2018,
      url: 'https://arxiv.org/abs/1804.07931',
      note: 'Two tasks, click and conversion.',
    },
    {
      authors: 'H. Wen et al.',
      title: 'Entire space multi-task modeling via post-click behavior decomposition for conversion rate prediction',
      venue: 'SIGIR',
      year: 2020,
      url: 'https://arxiv.org/abs/1910.07099',
      note: 'Longer chains of events.',
    },
  ],
  options,
  make: ({ encoder, chain, head }) => ({
    bind({ tasks, inputs, scope }) {
      for (const name of chain) requireLogit(name, tasks);
      if (new Set(chain).size < chain.length) throw new InvalidOptionError('chain', 'names of different tasks', chain);
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const bodyOf = headBodies(head, tasks);
      const heads = tasks.map((task) => {
        const at = chain.indexOf(task.name);
        const usedBy = at < 0 ? [task.name] : tasks.map(({ name }) => name).filter((name) => chain.indexOf(name) >= at);
        const place = scope.child('heads').child(task.name, { usedBy });
        return { name: task.name, head: buildHead(place, task, trunk.output, bodyOf(task.name)) };
      });
      return {
        forward(tensors, step) {
          const { features: given, shared } = applyShared(tensors, step, trunk.apply);
          const outputs: Record<string, NamedTensors> = {};
          const features: Record<string, tf.Tensor> = {};
          for (const { name, head: built } of heads) {
            const found = built.apply(given[name] as tf.Tensor, step);
            outputs[name] = found.outputs;
            features[name] = found.features;
          }
          const intermediates: Record<string, tf.Tensor> = {};
          let before: tf.Tensor | undefined;
          for (const name of chain) {
            const [output, logit] = Object.entries(outputs[name] ?? {})[0] as [string, tf.Tensor];
            intermediates[`conditional/${name}`] = tf.sigmoid(logit);
            before = before === undefined ? logit : logitOfBoth(before, logit);
            outputs[name] = { [output]: before };
          }
          return { outputs, features, shared, intermediates };
        },
      };
    },
  }),
});

/** The logit of σ(a) σ(b). */
function logitOfBoth(before: tf.Tensor, b: tf.Tensor): tf.Tensor {
  requireSameRows('What a task of the chain gives', [before, b]);
  // One may be `[rows]`, the other `[rows, 1]`.
  const a = tf.reshape(before, b.shape);
  return tf.neg(tf.logSumExp(tf.stack([tf.neg(a), tf.neg(b), tf.neg(tf.add(a, b))]), 0));
}

function requireLogit(name: string, tasks: readonly AnyTask[]): void {
  const task = tasks.find((one) => one.name === name);
  if (task === undefined)
    throw new UnknownNameError(
      'task',
      name,
      tasks.map((one) => one.name),
      'chain',
    );
  const shapes = Object.values(task.outputs);
  const single = shapes.length === 1 && (shapes[0] ?? []).every((length) => length === 1);
  if (single && task.problem !== 'regression') return;
  const found = `\`${name}\`, a ${task.type} with outputs ${JSON.stringify(task.outputs)}`;
  throw new InvalidOptionError('chain', 'a list of tasks with a yes or no and one logit, such as `binary`', found);
}

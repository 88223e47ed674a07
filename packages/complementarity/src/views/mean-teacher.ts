import {
  describePart,
  extend,
  hostTensor,
  number,
  type OptionsOf,
  optional,
  PolytaskError,
  type Program,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { rampFeeds } from '../ramp-up.js';
import { agreeing, agreeingOn, agreement, agreementOptions, apartName } from './agreement.js';
import { bindView, view } from './view.js';

const options = extend(agreementOptions, {
  decay: withDefault(
    number({ from: 0, below: 1 }),
    0.99,
    'How much of the teacher stays at each of its updates, α.',
    'Tarvainen and Valpola, first epochs',
  ),
  view: optional(
    view,
    'What the student sees of the rows for this term: { noise, masking, dropout, shift, inputs }, or a function in code.',
    'what it is trained on',
  ),
});

/** Options of {@link meanTeacher} besides those of all auxiliary terms. */
export type MeanTeacherOptions = OptionsOf<typeof options>;

/**
 * Mean teacher: the network agrees with a teacher whose parameters are a running mean of its own.
 *
 * $$ \Omega = \frac1K \sum_k \frac{1}{|N_k|} \sum_{n \in N_k} d\big(\hat y_k(v(x_n); \theta),\, \hat y_k(x_n; \theta')\big), \qquad
 * \theta' \leftarrow \alpha_s \theta' + (1 - \alpha_s)\, \theta, \qquad \alpha_s = \min\Big(\alpha,\, 1 - \frac{1}{s + 1}\Big) $$
 *
 * where
 * - θ' are the teacher's parameters, the network's own before the first step; s counts the teacher's updates, one every
 *   `updateEvery` steps, so that at first it is the plain mean of all that there was;
 * - v is the `view`; d and N_k are as for `piModel`.
 *
 * The teacher predicts as a finished model does, without dropout and with BatchNorm's statistics copied from the network; no gradient
 * flows through what it predicts. The history has `apart/<task>`, the mean difference of the two.
 *
 * @remarks In the paper the teacher is noisy too. The teacher's parameters are in checkpoints; predictions of the run are the
 * network's own.
 * @throws As `piModel`.
 * @example
 * ```ts
 * import { meanTeacher } from '@polytask/complementarity';
 *
 * const teacher = meanTeacher({ decay: 0.999, view: { shift: 2 }, weight: 10, ramp: 5 });
 * console.log(teacher.name, teacher.weight); // => mean-teacher 10
 * ```
 */
export const meanTeacher = /* @__PURE__ */ describePart('auxiliary', {
  name: 'mean-teacher',
  summary: 'The network agrees with a running mean of itself, on rows without labels too.',
  cites: [
    {
      authors: 'A. Tarvainen and H. Valpola',
      title:
        'Mean teachers are better role models: weight-averaged consistency targets improve semi-supervised deep learning results',
      venue: 'NIPS',
      year: 2017,
      url: 'https://arxiv.org/abs/1703.01780',
    },
  ],
  options,
  make: ({ decay, view: given, ...settings }) => ({
    bind(context) {
      const predicted = agreeing(settings, context);
      const seen = given && bindView(given, context.inputs, 'view');
      const names = predicted.map(({ task }) => `prediction/${task.name}` as const);
      let updates = 0;
      return {
        logged: predicted.map(({ task }) => apartName(task.name)),
        actsOn: agreeingOn(predicted, settings),
        feeds: rampFeeds(settings.ramp),
        async prepare(_, { parameters, stored, store, clone, run }) {
          const [values, state] = [stored('values'), stored('state')];
          if (values === undefined || state === undefined) {
            const start = await clone(parameters);
            store('values', start.values);
            store('state', start.state);
            return {};
          }
          updates += 1;
          const share = hostTensor(Math.min(decay, 1 - 1 / (updates + 1)));
          const feeds = { teacher: values, student: parameters.values, share };
          await run(average, { feeds, outputs: { teacher: values } });
          await run(copy, { feeds: { student: parameters.state }, outputs: { teacher: state } });
          return {};
        },
        async batchFeeds({ forward, stored }) {
          const [values, state] = [stored('values'), stored('state')];
          if (values === undefined || state === undefined) {
            throw new PolytaskError(
              'POLYTASK_BROKEN_PART',
              '`mean-teacher` must be prepared before its teacher can predict.',
            );
          }
          return forward(names, { parameters: { values, state } });
        },
        loss({ feeds, forward, predict, ...input }) {
          const student = seen && forward(seen(input.batch.inputs, input.step, context.inputs));
          const wanted = (task: string) => feeds[`prediction/${task}`] as tf.Tensor;
          const { loss, logged } = agreement(predicted, settings, input, (task) => predict(task, student), wanted);
          return { loss: tf.mul(loss, feeds.ramp as tf.Tensor), logged };
        },
        saveState: () => ({ updates }),
        loadState(state) {
          updates = state.updates as number;
        },
        reset() {
          updates = 0;
        },
      };
    },
  }),
});

/** teacher ← teacher + (1 − α) (student − teacher), which changes nothing where they are the same. */
const average: Program = {
  name: 'average',
  run: ({ teacher, student, share }) => ({
    teacher: tf.add(
      teacher as tf.Tensor,
      tf.mul(tf.sub(student as tf.Tensor, teacher as tf.Tensor), tf.sub(1, share as tf.Tensor)),
    ),
  }),
};

const copy: Program = { name: 'copy', run: ({ student }) => ({ teacher: tf.clone(student as tf.Tensor) }) };

import { describePart, extend, flag, type OptionsOf, optional, stopGradient, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { rampFeeds } from '../ramp-up.js';
import { agreeing, agreeingOn, agreement, agreementOptions, apartName } from './agreement.js';
import { bindView, view } from './view.js';

const options = extend(agreementOptions, {
  view: optional(
    view,
    'What the second pass sees: { noise, masking, dropout, shift, inputs }, or a function in code.',
    'the same rows, with other dropout',
  ),
  stopGradient: withDefault(
    flag(),
    false,
    'Whether predictions of the first pass are constants, so that the second alone learns.',
    'Laine and Aila',
  ),
});

/** Options of {@link piModel} besides those of all auxiliary terms. */
export type PiModelOptions = OptionsOf<typeof options>;

/**
 * Π-model: predictions for a row stay the same when it is seen again, with other dropout or slightly changed.
 *
 * $$ \Omega = \frac1K \sum_k \frac{1}{|N_k|} \sum_{n \in N_k} d\big(\hat y_k(v(x_n)),\, \hat y_k(x_n)\big) $$
 *
 * where
 * - ŷ_k are the predictions of task k, v is the `view`;
 * - d is the squared error (summed over classes; of numbers in standard deviations of the labels, where the task learned one), or of
 *   probabilities $\mathrm{KL}(\hat y_k(x) \,\|\, \hat y_k(v(x)))$;
 * - N_k are the `rows` that count: all, those with a label of the task, or those without.
 *
 * The history has `apart/<task>`, the mean difference in units (of distributions half the sum of differences).
 *
 * @remarks The second pass runs in the same step; statistics of BatchNorm move by the first one alone. In the paper both passes are
 * noisy; here the first is the step's own, which has dropout but no view. Without dropout and without a view the term is 0.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks and inputs that there are not; `POLYTASK_INVALID_OPTION` for a view that no input can have.
 * @example
 * ```ts
 * import { piModel } from '@polytask/complementarity';
 *
 * const steady = piModel({ view: { noise: 0.1, masking: 0.2 }, rows: 'unlabelled', ramp: 5 });
 * console.log(steady.name, steady.options.loss); // => pi-model squared-error
 * ```
 */
export const piModel = /* @__PURE__ */ describePart('auxiliary', {
  name: 'pi-model',
  summary: 'Predictions stay the same under dropout and small changes of the inputs, on rows without labels too.',
  cites: [
    {
      authors: 'S. Laine and T. Aila',
      title: 'Temporal ensembling for semi-supervised learning',
      venue: 'ICLR',
      year: 2017,
      url: 'https://arxiv.org/abs/1610.02242',
      note: 'Also the form of `ramp`.',
    },
  ],
  options,
  make: ({ view: given = {}, stopGradient: constant, ...settings }) => ({
    bind(context) {
      const predicted = agreeing(settings, context);
      const seen = bindView(given, context.inputs, 'view');
      return {
        logged: predicted.map(({ task }) => apartName(task.name)),
        actsOn: agreeingOn(predicted, settings),
        feeds: rampFeeds(settings.ramp),
        loss({ feeds, forward, predict, ...input }) {
          const second = forward(seen(input.batch.inputs, input.step, context.inputs));
          const first = (task: string) => (constant ? stopGradient(predict(task)) : predict(task));
          const { loss, logged } = agreement(predicted, settings, input, (task) => predict(task, second), first);
          return { loss: tf.mul(loss, feeds.ramp as tf.Tensor), logged };
        },
      };
    },
  }),
});

import { describePart, extend, list, type OptionsOf, required } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { constrained, constraintOptions } from './constraint.js';
import { bindEvent, event } from './event.js';
import { excess, excessLossOption } from './excess.js';

const options = extend(constraintOptions, {
  events: required(list(event, { least: 2 }), 'Of which at most one happens: tasks of yes or no, or { task, class }.'),
  loss: excessLossOption,
});

/** Options of {@link exclusion} besides those of all auxiliary terms. */
export type ExclusionOptions = OptionsOf<typeof options>;

/**
 * Of several events at most one happens: their probabilities sum to no more than 1.
 *
 * $$ \Omega = \frac{1}{|N|} \sum_{n \in N} \rho\Big(\max\big(0,\, \textstyle\sum_i P_n(e_i) - 1\big)\Big) $$
 *
 * where
 * - e_i are the `events`: the yes of a task, or a class of one (`{ task, class }`, by id or name);
 * - ρ is the square, the size, or Huber's loss; N are the `rows` that count.
 *
 * The history has the mean `violation`, by how much a sum is above 1; `trainer.inspect` has that of every row.
 *
 * @remarks There is a joint distribution in which no two of the events come together exactly if their probabilities sum to 1 at
 * most. Predictions that are unsure of two events are therefore left alone. For exactly one of several tasks of yes or no use
 * `sumTo` with a total of 1.
 * @throws As `implication`.
 * @example
 * ```ts
 * import { exclusion } from '@polytask/complementarity';
 *
 * const weather = exclusion({ events: ['dry', { task: 'sky', class: 'rain' }] });
 * console.log(weather.name); // => exclusion
 * ```
 */
export const exclusion = /* @__PURE__ */ describePart('auxiliary', {
  name: 'exclusion',
  summary: 'Of several events of tasks at most one happens: their probabilities sum to 1 at most.',
  options,
  make: ({ events, ...settings }) =>
    constrained(settings, ({ tasks }) => {
      const bound = events.map((one, i) => bindEvent(tasks, one, `events[${i}]`));
      return {
        tasks: [...new Set(bound.map(({ task }) => task))],
        comparisons: (seen) => [excess(tf.sub(tf.addN(bound.map(({ chance }) => chance(seen))), 1))],
      };
    }),
});

import { describePart, extend, InvalidOptionError, type OptionsOf, required } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { constrained, constraintOptions } from './constraint.js';
import { bindEvent, event } from './event.js';
import { excess, excessLossOption } from './excess.js';

const options = extend(constraintOptions, {
  if: required(event, 'What does not happen without the other: a task of yes or no, or { task, class }.'),
  implies: required(event, 'What follows from it.'),
  loss: excessLossOption,
});

/** Options of {@link implication} besides those of all auxiliary terms. */
export type ImplicationOptions = OptionsOf<typeof options>;

/**
 * What follows from something is at least as probable: one event does not happen without another.
 *
 * $$ \Omega = \frac{1}{|N|} \sum_{n \in N} \rho\big(\max(0,\, P_n(a) - P_n(b))\big) $$
 *
 * where
 * - a is the event `if` and b the event that it `implies`: the yes of a task, or a class of one (`{ task, class }`, by id or name);
 * - ρ is the square, the size, or Huber's loss; N are the `rows` that count.
 *
 * The history has the mean `violation`, max(0, P(a) − P(b)); `trainer.inspect` has that of every row.
 *
 * @remarks P(a) ≤ P(b) is what a ⇒ b asks of two probabilities. Both move: the one falls and the other rises.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks and classes that there are not; `POLYTASK_INVALID_OPTION` for a task without a
 * probability, and an event that implies itself; `POLYTASK_CONSTRAINT` where the two tasks have rows of their own.
 * @example
 * ```ts
 * import { implication } from '@polytask/complementarity';
 *
 * const wet = implication({ if: { task: 'weather', class: 'rain' }, implies: 'wet', weight: 2 });
 * console.log(wet.name); // => implication
 * ```
 */
export const implication = /* @__PURE__ */ describePart('auxiliary', {
  name: 'implication',
  summary: 'An event of one task is at most as probable as one of another task that follows from it.',
  options,
  make: ({ if: given, implies, ...settings }) =>
    constrained(settings, ({ tasks }) => {
      const [a, b] = [bindEvent(tasks, given, 'if'), bindEvent(tasks, implies, 'implies')];
      if (JSON.stringify(given) === JSON.stringify(implies))
        throw new InvalidOptionError('implies', 'another event', implies);
      return {
        tasks: [...new Set([a.task, b.task])],
        comparisons: (seen) => [excess(tf.sub(a.chance(seen), b.chance(seen)))],
      };
    }),
});

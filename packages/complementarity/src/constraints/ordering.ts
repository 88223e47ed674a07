import {
  describePart,
  extend,
  InvalidOptionError,
  list,
  number,
  type OptionsOf,
  required,
  taskName,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { predictedBy, predictedWords } from '../predicted.js';
import { constrained, constraintOptions } from './constraint.js';
import { excess, excessLossOption } from './excess.js';

const options = extend(constraintOptions, {
  tasks: required(list(taskName(), { least: 2 }), 'Tasks of numbers in rising order.'),
  margin: withDefault(
    number(),
    0,
    'By how much each must be above the one before, in units; below 0 it may be lower by as much.',
  ),
  loss: excessLossOption,
});

/** Options of {@link ordering} besides those of all auxiliary terms. */
export type OrderingOptions = OptionsOf<typeof options>;

/**
 * Amounts come in order: the least temperature of a day is not above the mean one, nor that above the highest.
 *
 * $$ \Omega = \frac{1}{|N|} \sum_{n \in N} \frac{1}{K - 1} \sum_{k=1}^{K-1} \rho\Big(\frac{\max(0,\, \hat y_{k,n} + m - \hat y_{k+1,n})}{\sigma_{k+1}}\Big) $$
 *
 * where
 * - ŷ_k are the predictions of the `tasks`, in units, and m is the `margin`;
 * - σ_k is the standard deviation of the labels of task k, where it learned one (`standardize`), else 1;
 * - ρ is the square, the size, or Huber's loss; N are the `rows` that count.
 *
 * The history has the mean `violation`, in units; `trainer.inspect` has that of every row.
 *
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks that there are not; `POLYTASK_INVALID_OPTION` for tasks that are not of numbers, or of
 * different length, and a task that is there twice; `POLYTASK_CONSTRAINT` where tasks have rows of their own.
 * @example
 * ```ts
 * import { ordering } from '@polytask/complementarity';
 *
 * const day = ordering({ tasks: ['temp_min', 'temp_max'], multipliers: { tolerance: 0.01 } });
 * console.log(day.options.margin); // => 0
 * ```
 */
export const ordering = /* @__PURE__ */ describePart('auxiliary', {
  name: 'ordering',
  summary: 'Amounts that tasks predict come in order, with a margin.',
  options,
  make: ({ tasks: names, margin, ...settings }) =>
    constrained(settings, ({ tasks }) => {
      const all = names.map((name, i) => predictedBy(tasks, name, `tasks[${i}]`));
      all.forEach((one, i) => {
        const { name } = one.task;
        const found = `\`${name}\` is ${predictedWords(one)}.`;
        const place = `tasks[${i}]`;
        if (one.kind !== 'amounts') throw new InvalidOptionError(place, 'a task of numbers', name, found);
        if (one.width !== all[0]?.width)
          throw new InvalidOptionError(place, 'a task of as many numbers as the first', name, found);
        if (names.indexOf(name) !== i) throw new InvalidOptionError(place, 'another task', name);
      });
      return {
        tasks: names,
        comparisons: ({ predict, unit }) =>
          names.slice(1).map((upper, i) => {
            const apart = tf.sub(predict(names[i] as string), predict(upper));
            return excess(tf.add(apart, margin), unit(upper));
          }),
      };
    }),
});

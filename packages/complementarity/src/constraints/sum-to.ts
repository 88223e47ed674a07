import {
  type AnyTask,
  choice,
  describePart,
  either,
  extend,
  InvalidOptionError,
  list,
  number,
  type OptionsOf,
  optional,
  required,
  stopGradient,
  taskName,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { isSingle, type Predicted, predictedBy, predictedWords } from '../predicted.js';
import { type Constraint, constrained, constraintOptions } from './constraint.js';

const options = extend(constraintOptions, {
  parts: required(
    list(taskName(), { least: 2 }),
    'Tasks of numbers, of yes or no, or of classes, whose ids are added.',
  ),
  total: required(
    either([taskName(), number()], "a task's name, or a number"),
    'What they sum to: a task of the same kind, or a number.',
  ),
  modulo: optional(whole({ from: 2 }), 'Sums of classes are taken modulo this number.', 'they are not'),
  loss: withDefault(
    choice('squared-error', 'absolute-error', 'huber', 'kl'),
    'squared-error',
    'What a difference costs; kl, of classes: the divergence of the predicted total from that of the parts.',
  ),
  stopGradient: optional(
    choice('parts', 'total'),
    'The side that is a constant, so that the other one alone learns from it.',
    'neither',
  ),
});

/** Options of {@link sumTo} besides those of all auxiliary terms. */
export type SumToOptions = OptionsOf<typeof options>;

/**
 * Parts sum to a total: of amounts, to another task or a number; of classes, the total has the distribution of the sum of their ids.
 *
 * $$ \Omega = \frac{1}{|N|} \sum_{n \in N} d\Big(\hat t_n,\, \textstyle\sum_i \hat y_{i,n}\Big), \qquad
 * \Omega_{\text{classes}} = \frac{1}{|N|} \sum_{n \in N} d\Big(\hat t_n,\, \sum_{c_1 + c_2 + \dots = s} \textstyle\prod_i \hat y_{i,n,c_i}\Big) $$
 *
 * where
 * - ŷ_i are the predictions of the `parts` and t̂ those of the `total`; probabilities of yes are added as they are, so that a total of 1
 *   means that exactly one is so;
 * - s are the classes of the total, modulo `modulo` where it is given, and then as many as that; parts are taken as independent given the row;
 * - d is the squared error, the absolute error, Huber's loss, or of classes the divergence; amounts in standard deviations of the
 *   labels of the total (of a total by number, of the first part), where the task learned one;
 * - N are the `rows` that count.
 *
 * The history has the mean `violation`; `trainer.inspect` has that of every row.
 *
 * @remarks With two digits and their sum it is what learns digits from sums alone. Where the total is predicted badly it pulls the parts
 * away from what they had learned; with `stopGradient: 'parts'` only the total learns.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks that there are not; `POLYTASK_INVALID_OPTION` for tasks of different kinds, a total that
 * the sums do not fit into, and a part that is there twice; `POLYTASK_CONSTRAINT` where tasks have rows of their own.
 * @example
 * ```ts
 * import { sumTo } from '@polytask/complementarity';
 *
 * const digits = sumTo({ parts: ['left', 'right'], total: 'sum', modulo: 5 });
 * const shares = sumTo({ parts: ['oil', 'gas', 'wind'], total: 100 });
 * console.log(digits.name, shares.options.total); // => sum-to 100
 * ```
 */
export const sumTo = /* @__PURE__ */ describePart('auxiliary', {
  name: 'sum-to',
  summary: 'Predictions of several tasks sum to a number or to what another task predicts.',
  cites: [
    {
      authors: 'R. Manhaeve, S. Dumancic, A. Kimmig, T. Demeester and L. De Raedt',
      title: 'DeepProbLog: neural probabilistic logic programming',
      venue: 'NeurIPS',
      year: 2018,
      url: 'https://arxiv.org/abs/1805.10872',
      note: 'Digits learned from their sums, by the distribution of the sum.',
    },
  ],
  options,
  make: ({ parts, total, modulo, stopGradient: side, ...settings }) =>
    constrained(settings, ({ tasks }) => {
      const all = parts.map((name, i) => partAt(tasks, parts, name, i));
      const whole = typeof total === 'number' ? undefined : predictedBy(tasks, total, 'total');
      if (all[0]?.kind === 'classes') return withConstant(side, parts, sumOfClasses(all, whole, modulo));
      if (settings.loss === 'kl') {
        throw new InvalidOptionError('loss', 'squared-error, absolute-error or huber where numbers are added', 'kl');
      }
      return withConstant(side, parts, sumOfNumbers(all, whole ?? (total as number), modulo));
    }),
});

function partAt(tasks: readonly AnyTask[], parts: readonly string[], name: string, i: number): Predicted {
  const place = `parts[${i}]`;
  const [part, first] = [predictedBy(tasks, name, place), predictedBy(tasks, parts[0] as string, 'parts[0]')];
  if (parts.indexOf(name) !== i) throw new InvalidOptionError(place, 'another task', name);
  if (part.kind === 'classes' && !isSingle(part))
    throw new InvalidOptionError(place, 'a task with one class per row', name);
  const same = part.kind === first.kind && (part.kind === 'classes' || part.width === first.width);
  if (same) return part;
  throw new InvalidOptionError(
    place,
    `a task of the same kind as \`${first.task.name}\``,
    name,
    `\`${name}\` is ${predictedWords(part)} and \`${first.task.name}\` ${predictedWords(first)}.`,
  );
}

/** The same constraint, one side of which learns nothing from it. */
function withConstant(
  side: 'parts' | 'total' | undefined,
  parts: readonly string[],
  constraint: Constraint,
): Constraint {
  if (side === undefined) return constraint;
  return {
    ...constraint,
    learning: constraint.tasks.filter((task) => parts.includes(task) === (side === 'total')),
    comparisons: (seen) =>
      constraint.comparisons(seen).map((one) => ({
        ...one,
        found: side === 'total' ? stopGradient(one.found) : one.found,
        wanted: side === 'parts' ? stopGradient(one.wanted) : one.wanted,
      })),
  };
}

function sumOfNumbers(parts: readonly Predicted[], total: Predicted | number, modulo: number | undefined): Constraint {
  if (modulo !== undefined) throw new InvalidOptionError('modulo', 'left out for sums of numbers', modulo);
  const names = parts.map(({ task }) => task.name);
  const [first] = parts as [Predicted];
  if (typeof total !== 'number' && (total.kind === 'classes' || total.width !== first.width)) {
    const { name } = total.task;
    throw new InvalidOptionError(
      'total',
      'a task of numbers, as the parts',
      name,
      `\`${name}\` is ${predictedWords(total)}.`,
    );
  }
  return {
    tasks: typeof total === 'number' ? names : [...names, total.task.name],
    comparisons({ predict, unit }) {
      const wanted = tf.addN(names.map(predict));
      const found = typeof total === 'number' ? tf.fill(wanted.shape, total) : predict(total.task.name);
      return [
        { kind: 'amounts', found, wanted, unit: unit(typeof total === 'number' ? first.task.name : total.task.name) },
      ];
    },
  };
}

function sumOfClasses(
  parts: readonly Predicted[],
  total: Predicted | undefined,
  modulo: number | undefined,
): Constraint {
  const sums = parts.reduce((sum, { width }) => sum + width - 1, 1);
  // Modulo that number a further class would never be a sum.
  const fits = total !== undefined && (modulo === undefined ? total.width >= sums : total.width === modulo);
  if (total === undefined || total.kind !== 'classes' || !isSingle(total) || !fits) {
    const found = total === undefined ? 'a number' : total.task.name;
    const words = total === undefined ? '' : `\`${total.task.name}\` is ${predictedWords(total)}.`;
    const needed = modulo === undefined ? `at least ${sums} classes` : `${modulo} classes, as many as \`modulo\` says`;
    throw new InvalidOptionError('total', `a task with ${needed}, as sums of the parts have`, found, words);
  }
  const names = parts.map(({ task }) => task.name);
  const { name } = total.task;
  return {
    tasks: [...names, name],
    comparisons({ predict }) {
      const sum = names.map(predict).reduce((a, b, i) => {
        const last = i === names.length - 1;
        return sumOfTwo(a, b, last ? total.width : (modulo ?? columnsOf(a) + columnsOf(b) - 1), modulo);
      });
      return [{ kind: 'classes', found: predict(name), wanted: sum }];
    },
  };
}

const columnsOf = ({ shape }: tf.Tensor) => shape[1] as number;

/** The distribution of the sum of two independent classes `[rows, size]`. */
function sumOfTwo(a: tf.Tensor, b: tf.Tensor, size: number, modulo: number | undefined): tf.Tensor {
  const [left, right] = [columnsOf(a), columnsOf(b)];
  const pairs = tf.reshape(tf.mul(tf.expandDims(a, 2), tf.expandDims(b, 1)), [-1, left * right]);
  const places = Array.from({ length: left * right }, (_, pair) => {
    const sum = Math.floor(pair / right) + (pair % right);
    const place = modulo === undefined ? sum : sum % modulo;
    return Array.from({ length: size }, (_, column) => Number(column === place));
  });
  return tf.matMul(pairs as tf.Tensor2D, tf.tensor2d(places));
}

import type { LabelColumn, TaskConstants } from '../contracts/task.js';
import type { HostTensor } from '../contracts/tensors.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { LabelError } from '../errors/label-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { optional, type Taken } from '../options/option.js';
import { byName, choice, either, list, number } from '../options/takes.js';

const weights = either(
  [choice('balanced'), list(number({ from: 0 })), byName(number({ from: 0 }), 'numbers by the name of their class')],
  'balanced, a list of numbers from 0, or numbers by the name of their class',
);

/** Factors of classes on the weight of a row: given one by one, or from how often each class occurs. */
export type ClassWeights = Taken<typeof weights>;

/** The option for them. */
export const classWeightsOption = optional(
  weights,
  'Factors on the weights of labels by their class: one per class, or by name, 1 where a class is not named; balanced: what makes all ' +
    'classes count the same.',
);

/**
 * Calls `visit` for every label in one row: class ids as they are, and every class of a distribution with its probability.
 *
 * @throws `POLYTASK_LABELS` naming a class id that the task does not have.
 */
export function eachClass(
  task: string,
  classes: number,
  targets: HostTensor,
  row: number,
  visit: (label: number, share: number) => void,
): void {
  const { data } = targets;
  const perRow = data.length / (targets.shape[0] as number);
  const distributions = data instanceof Float32Array;
  for (let i = 0; i < perRow; i++) {
    const value = data[row * perRow + i] as number;
    if (distributions) {
      if (value > 0) visit(i % classes, value);
    } else if (value >= classes) {
      throw new LabelError(
        task,
        `row ${row} has class ${value}, but there are ${classes} classes, 0 to ${classes - 1}`,
        'Raise `classes`, or correct the labels; a negative number stands for a missing label.',
        'classes',
      );
    } else if (value >= 0) visit(value, 1);
  }
}

/**
 * Weighted number of training labels of every class.
 *
 * @throws `POLYTASK_LABELS` where there is no label at all, and for a class id that the task does not have.
 */
export function countClasses(task: string, classes: number, labels: LabelColumn): Float64Array {
  const counts = new Float64Array(classes);
  labels.weights.forEach((weight, row) => {
    eachClass(task, classes, labels.targets, row, (label, share) => {
      counts[label] = (counts[label] as number) + weight * share;
    });
  });
  if (!counts.some((count) => count > 0)) throw noLabels(task);
  return counts;
}

/** The error for a task without a single training label. */
export function noLabels(task: string): LabelError {
  return new LabelError(task, 'there is no label in the training data', 'Check `column`, or leave the task out.');
}

/**
 * What training labels say about class weights: {@link TaskConstants} with `classWeights`, or none where the option leaves them
 * out or gives them. Balanced weights are $n / (C\, n_c)$, so that every class counts the same and the mean row counts 1.
 *
 * @throws `POLYTASK_LABELS` where weights are to be balanced and a class has no label.
 */
export function classConstants(task: string, option: WeightsById | undefined, counts: Float64Array): TaskConstants {
  if (option !== 'balanced') return {};
  const total = counts.reduce((sum, count) => sum + count, 0);
  const missing = counts.indexOf(0);
  if (missing >= 0) {
    const problem = `class ${missing} has no label in the training data, so its balanced weight would be infinite`;
    throw new LabelError(task, problem, 'Give `classWeights` one by one, or leave the class out.', 'classWeights');
  }
  return { classWeights: Array.from(counts, (count) => total / (counts.length * count)) };
}

/** The class weights in force: those of the option, or what `prepare` learned; none without the option. */
export function classWeightsOf(
  task: string,
  option: WeightsById | undefined,
  constants: TaskConstants,
): readonly number[] | undefined {
  return option === 'balanced' ? numbersOf(task, constants, 'classWeights') : option;
}

/**
 * Constants that `prepare` learned, as a list.
 *
 * @throws `POLYTASK_LABELS` where `prepare` was not called.
 */
export function numbersOf(task: string, constants: TaskConstants, name: string): readonly number[] {
  const value = constants[name];
  if (value === undefined) {
    throw new LabelError(task, `the constant \`${name}\` is missing`, 'Call `prepare` with the training labels first.');
  }
  return typeof value === 'number' ? [value] : value;
}

/**
 * The option with weights by class id in the place of weights by name.
 *
 * @param names - Of the classes, in the order of their ids.
 * @throws `POLYTASK_INVALID_OPTION` unless there is one weight per class; `POLYTASK_UNKNOWN_NAME` for a class that there is not.
 */
export function weightsById(option: ClassWeights | undefined, names: readonly string[]): WeightsById | undefined {
  if (option === undefined || option === 'balanced') return option;
  if (isList(option)) {
    requireOption(
      option.length === names.length,
      'classWeights',
      `balanced, or ${names.length} numbers from 0, one per class`,
      option,
    );
    return option;
  }
  const unknown = Object.keys(option).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UnknownNameError('class', unknown, names, 'classWeights');
  return names.map((name) => (Object.hasOwn(option, name) ? (option[name] as number) : 1));
}

/** Weights in the order of class ids, or balanced. */
export type WeightsById = 'balanced' | readonly number[];

function isList(option: Exclude<ClassWeights, 'balanced'>): option is readonly number[] {
  return Array.isArray(option);
}

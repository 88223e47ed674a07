import {
  byName,
  code,
  either,
  InvalidOptionError,
  list,
  mapping,
  number,
  optional,
  ShapeMismatchError,
  type Taken,
  text,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import {
  classCount,
  classId,
  classNames,
  distributions,
  isNumber,
  isSingle,
  type Predicted,
  predictedWords,
} from '../predicted.js';

/** What one task predicts, worked out from what another one does: predictions `[rows, ...]` to such of the other task. In tfjs. */
export type PredictionMap = (prediction: tf.Tensor) => tf.Tensor;

const affine = mapping({
  scale: withDefault(number(), 1, 'Factor.'),
  offset: withDefault(number(), 0, 'What is added.'),
});

/** What an option for a map takes. */
export const predictionMap = either(
  [
    code<PredictionMap>('a function', (value) => typeof value === 'function', 'prediction-map'),
    list(list(number(), { least: 1 }), { least: 1 }),
    list(number(), { least: 1 }),
    affine,
    byName(either([number(), text('the name of a class')]), 'classes or numbers by the name of a class'),
  ],
  'a class or number for each class, a row of numbers for each class, { scale, offset }, or a function',
);

/** An option for a map. */
export const mapOption = (from: string, to: string) =>
  optional(
    predictionMap,
    `What ${to} is, given ${from}: for each class of ${from}, by id or by name, a class or number; a row of numbers each; { scale, offset } ` +
      'for numbers; or a function in code.',
    'the same prediction',
  );

/**
 * A map in one run.
 *
 * @param option The option that has the map, for messages.
 * @throws `POLYTASK_INVALID_OPTION` for a map that does not lead from the one kind of prediction to the other; `POLYTASK_UNKNOWN_NAME` for
 * classes that there are not.
 */
export function bindMap(
  given: Taken<typeof predictionMap> | undefined,
  from: Predicted,
  to: Predicted,
  option: string,
): PredictionMap {
  const refuse = (required: string): never => {
    const words = `\`${from.task.name}\` is ${predictedWords(from)} and \`${to.task.name}\` ${predictedWords(to)}`;
    throw new InvalidOptionError(option, required, given, `Here ${words}.`);
  };
  if (given === undefined) {
    if (from.kind === to.kind && from.width === to.width && isSingle(from) === isSingle(to))
      return (prediction) => prediction;
    return refuse('a map, unless both tasks predict the same');
  }
  if (typeof given === 'function') return checked(given, from, to);
  if (isAffine(given)) {
    if (from.kind !== 'amounts' || to.kind !== 'amounts') refuse('a class or number for each class');
    if (from.width !== to.width) refuse(`${from.width} rows of ${to.width} numbers`);
    const { scale = 1, offset = 0 } = given;
    return checked((prediction) => tf.add(tf.mul(prediction, scale), offset), from, to);
  }
  const positions = from.kind === 'classes' && !isSingle(from);
  if (positions && (to.kind !== 'classes' || to.task.target.shape.join() !== from.task.target.shape.join())) {
    refuse('a function, since there are several classes in a row');
  }
  const matrix = matrixOf(given, from, to, option, refuse);
  return checked((prediction) => linear(from, to, prediction, matrix), from, to);
}

function isAffine(given: object): given is Taken<typeof affine> {
  return !Array.isArray(given) && Object.keys(given).every((key) => key === 'scale' || key === 'offset');
}

/** Tables of all kinds as a matrix: a row for each class (or number) of the one task, a column for each of the other. */
function matrixOf(
  given: Exclude<Taken<typeof predictionMap>, PredictionMap>,
  from: Predicted,
  to: Predicted,
  option: string,
  refuse: (required: string) => never,
): readonly (readonly number[])[] {
  const count = classCount(from);
  const columns = classCount(to) ?? to.width;
  const isRows = (table: unknown): table is readonly (readonly number[])[] =>
    Array.isArray(table) && Array.isArray(table[0]);
  if (isRows(given)) {
    const rows = count ?? from.width;
    if (given.length !== rows || given.some((row) => row.length !== columns))
      refuse(`${rows} rows of ${columns} numbers`);
    const isShares = (row: readonly number[]) =>
      row.every((one) => one >= 0) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-4;
    if (count !== undefined && classCount(to) !== undefined && !given.every(isShares)) {
      refuse('rows of probabilities, each of which sums to 1');
    }
    return given;
  }
  if (count === undefined) refuse('{ scale, offset }, a row of numbers for each number, or a function');
  const entries = Array.isArray(given)
    ? (given as readonly number[])
    : byClassName(given as never, from, option, refuse);
  if (entries.length !== count) refuse(`a list of ${count}, one for each class`);
  return entries.map((entry, index) => {
    const place = `${option}[${index}]`;
    if (to.kind === 'classes') {
      const id = classId(to, entry, place);
      return Array.from({ length: columns }, (_, column) => Number(column === id));
    }
    if (!isSingle(to)) refuse('a row of numbers for each class');
    if (typeof entry === 'number') {
      if (to.kind === 'amounts') return [entry];
      if (entry >= 0 && entry <= 1) return [1 - entry, entry];
      refuse('probabilities of yes');
    }
    if (to.kind === 'amounts') refuse('a number for each class');
    const yes = classId(to, entry, place);
    return [1 - yes, yes];
  });
}

/** Entries by the names of classes, in the order of their ids. */
function byClassName(
  given: Readonly<Record<string, number | string>>,
  from: Predicted,
  option: string,
  refuse: (required: string) => never,
): readonly (number | string)[] {
  for (const name of Object.keys(given)) classId(from, name, option);
  return classNames(from).map((name) => given[name] ?? refuse(`an entry for each class, also for ${name}`));
}

/** Expectations under the distributions of the one task, or a linear map of its numbers. */
function linear(
  from: Predicted,
  to: Predicted,
  prediction: tf.Tensor,
  matrix: readonly (readonly number[])[],
): tf.Tensor {
  const given = classCount(from) === undefined ? prediction : distributions(from, prediction);
  const rows = tf.reshape(given, [-1, matrix.length]) as tf.Tensor2D;
  const product = tf.matMul(rows, tf.tensor2d(matrix as number[][]));
  // Of a single yes or no the second column is the probability.
  const found = to.kind === 'chances' && isNumber(to) ? tf.slice(product, [0, 1], [-1, 1]) : product;
  const leading = from.kind === 'classes' ? given.shape.slice(0, -1) : [given.shape[0] as number];
  return tf.reshape(found, isNumber(to) ? [given.shape[0] as number] : [...leading, to.width]);
}

function checked(map: PredictionMap, from: Predicted, to: Predicted): PredictionMap {
  const columns = isNumber(to) ? [] : [to.width];
  return (prediction) => {
    const found = map(prediction);
    const wanted = [
      prediction.shape[0] as number,
      ...to.task.target.shape.slice(0, to.kind === 'classes' ? undefined : -1),
      ...columns,
    ];
    if (found.shape.join() === wanted.join()) return found;
    throw new ShapeMismatchError(
      `What is mapped from \`${from.task.name}\` to \`${to.task.name}\``,
      wanted,
      found.shape,
    );
  };
}

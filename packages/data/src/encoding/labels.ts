import { DatasetError, nearestWord, requireOption } from '@polytask/core';
import type { Value } from './feature-kind.js';
import { moments } from './moments.js';
import { otherSpelling, readBoolean, readCategory, readNumber, shown, Unreadable } from './raw-values.js';
import { wordCounts } from './word-counts.js';

/** A column of labels. */
export interface LabelOptions {
  readonly column: string;
  /**
   * `'number'` for regression, in the units of the column; `'class'` for classes, by name; `'binary'` for two of them, the
   * negative one first: the classes' names, or true and false, yes and no, 1 and 0.
   */
  readonly kind: 'number' | 'class' | 'binary';
  /** Names of the classes in the order of their ids. Default: all that training rows have, sorted. */
  readonly classes?: readonly string[];
  /**
   * Of numbers: whether those that need more digits than float32 has, such as seconds since 1970, are kept less a number near their mean,
   * which the learned label has as `offset` and a task as `regression(name, { offset })`. Default false.
   */
  readonly shift?: boolean;
}

/** Several columns that are one label: a vector of numbers, or several answers of yes or no, of which some may be missing. */
export interface VectorLabel {
  /** The label's name in the data set. */
  readonly column: string;
  /** Columns of the table, in the order of the vector. */
  readonly columns: readonly string[];
  /** `'number'` for vector regression; `'binary'` for several labels, 1 where the answer is yes and 0 where it is no. */
  readonly kind: 'number' | 'binary';
  /** As in {@link LabelOptions}, for every column. */
  readonly shift?: boolean;
}

/** The columns of labels, one by one. */
export function labelColumns(labels: readonly (LabelOptions | VectorLabel)[]): LabelOptions[] {
  return labels.flatMap((label) =>
    'columns' in label
      ? label.columns.map((column) => ({ column, kind: label.kind, ...(label.shift === true ? { shift: true } : {}) }))
      : [label],
  );
}

/**
 * Labels of a data set from those of its columns: vectors are put together, float32 with NaN for what is missing.
 *
 * Shapes: `[rows]` per column in; `[rows]`, or `[rows, columns]` for a vector, out.
 */
export function joinLabels(
  labels: readonly (LabelOptions | VectorLabel)[],
  columns: { readonly [column: string]: Float32Array | Int32Array },
  rows: number,
): { readonly column: string; readonly data: Float32Array | Int32Array; readonly shape: readonly number[] }[] {
  return labels.map((label) => {
    const { column } = label;
    if (!('columns' in label)) return { column, data: columns[column] as Float32Array, shape: [rows] };
    const width = label.columns.length;
    const data = new Float32Array(rows * width);
    label.columns.forEach((name, place) => {
      const values = columns[name] as Float32Array | Int32Array;
      const isId = values instanceof Int32Array;
      for (let row = 0; row < rows; row++) {
        const value = values[row] as number;
        data[row * width + place] = isId && value < 0 ? Number.NaN : value;
      }
    });
    return { column, data, shape: [rows, width] };
  });
}

/** What is known of a column of labels: plain data, stored with a model. */
export type LearnedLabel =
  | {
      readonly kind: 'number';
      readonly column: string;
      /** Training rows that have a label. */
      readonly rows: number;
      readonly mean: number;
      readonly deviation: number;
      /** What is taken off every label before it becomes a float32. */
      readonly offset?: number;
    }
  | {
      readonly kind: 'class';
      readonly column: string;
      readonly rows: number;
      readonly classes: readonly string[];
      /** Training rows of each class. */
      readonly counts: readonly number[];
      /** Whether only the alphabet says which of two classes is the positive one. */
      readonly unsaid?: boolean;
    };

/** More classes of a column than anybody means; a column of texts or ids has been named by mistake. */
export const mostClasses = 10_000;
/** Among so many names a wrong one is compared with each, to find what may have been meant. */
const mostCompared = 1000;

/** A function that reads a label as a number (NaN: none) or the name of a class (null: none). */
export function labelReader({
  kind,
  classes,
}: Pick<LabelOptions, 'kind' | 'classes'>): (value: unknown) => Value | Unreadable {
  if (kind === 'number') {
    return (value) => {
      const number = readNumber(value);
      const infinite = typeof number === 'number' && Math.abs(Math.fround(number)) === Number.POSITIVE_INFINITY;
      return infinite ? new Unreadable('a label must be finite, as float32') : number;
    };
  }
  const known = new Set(classes);
  return (value) => {
    const name = readCategory(value);
    if (typeof name !== 'string' || classes === undefined || known.has(name)) return name;
    const other = otherSpelling(name);
    if (other !== undefined && known.has(other)) return other;
    const answer = kind === 'binary' || classes.length === 2 ? readBoolean(value) : undefined;
    if (typeof answer === 'number') return classes[answer] as string;
    const near = classes.length > mostCompared ? undefined : nearestWord(name, classes);
    const advice = near === undefined ? '' : `. Did you mean \`${near}\`?`;
    return new Unreadable(`${shown(name)} is not one of the classes ${listed(classes)}${advice}`);
  };
}

/**
 * Refuses more classes than anybody means, before anything is made for them.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`).
 */
export function checkClasses(labels: readonly (LabelOptions | VectorLabel)[]): void {
  for (const label of labels) {
    const count = 'classes' in label ? (label.classes?.length ?? 0) : 0;
    requireOption(count <= mostClasses, `classes of \`${label.column}\``, `at most ${mostClasses} names`, count);
  }
}

/** Learns from the labels of training rows, one by one. */
export function labelLearner({ kind, column, classes, shift = false }: LabelOptions): {
  add(value: Value): void;
  learned(): LearnedLabel;
} {
  if (kind === 'number') {
    const seen = moments();
    return {
      add(value) {
        if (!Number.isNaN(value)) seen.add(value as number);
      },
      learned() {
        if (seen.count() === 0) throw noLabels(column);
        const [mean, deviation] = [seen.mean(), seen.deviation()];
        const offset = shift && deviation > 0 && Math.abs(mean) > farFromMean * deviation ? nearMean(mean) : undefined;
        return { kind, column, rows: seen.count(), mean, deviation, ...(offset === undefined ? {} : { offset }) };
      },
    };
  }
  const counts = wordCounts(column);
  return {
    add: (value) => counts.add(value as string | null),
    learned() {
      const found = counts.all();
      if (found.size === 0) throw noLabels(column);
      const names = classes ?? sortedClasses(column, [...found.keys()]);
      if (kind === 'binary' && names.length !== 2) throw notTwo(column, names);
      const perClass = names.map((name) => found.get(name) ?? 0);
      return {
        kind: 'class',
        column,
        rows: perClass.reduce((sum, count) => sum + count, 0),
        classes: names,
        counts: perClass,
        ...(kind === 'binary' && classes === undefined && !isAnswer(names) ? { unsaid: true } : {}),
      };
    },
  };
}

/** A function that gives the target of a label: the number, or the id of the class. Names a class that training never saw. */
export function labelEncoder(label: LearnedLabel): (value: Value) => number | Unreadable {
  if (label.kind === 'number') {
    const { offset = 0 } = label;
    return (value) => (value as number) - offset;
  }
  const { classes, counts, column } = label;
  const idOf = new Map(classes.map((name, id) => [name, id]));
  const seen = listed(classes.filter((_, index) => (counts[index] as number) > 0));
  return (value) => {
    if (value === null) return -1;
    const id = idOf.get(value as string);
    if (id !== undefined && (counts[id] as number) > 0) return id;
    return new Unreadable(`no training row has class ${shown(value)} of \`${column}\`; they have ${seen}`);
  };
}

/** So many deviations from 0, float32 has less than four digits left for what a label is about. */
const farFromMean = 4096;

/** A number near a mean that leaves whole numbers whole. */
const nearMean = (mean: number) => (Math.abs(mean) >= 1 ? Math.round(mean) : mean);

/** Whether two classes are a yes and a no in themselves. */
function isAnswer(classes: readonly string[]): boolean {
  return classes.every((name) => !(readBoolean(name) instanceof Unreadable));
}

/** Numbers by size, else by their characters. */
function sortedClasses(column: string, names: readonly string[]): string[] {
  if (names.length > mostClasses) {
    throw new DatasetError(
      `Column \`${column}\` must have at most ${mostClasses} classes, but has ${names.length} different values. Is it a number?`,
    );
  }
  const numeric = names.every((name) => typeof readNumber(name) === 'number');
  return [...names].sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || (a < b ? -1 : 1));
}

function notTwo(column: string, names: readonly string[]): DatasetError {
  return new DatasetError(
    `Column \`${column}\` must have two different labels for a yes or a no, but has ${names.length}: ${listed(names)}. ` +
      'Is it a classification?',
  );
}

function noLabels(column: string): DatasetError {
  return new DatasetError(
    `Column \`${column}\` must have a label in the training rows, but has none. Leave the task out, or correct the column or the split.`,
  );
}

function listed(names: readonly string[]): string {
  const few = names.slice(0, 10).map((name) => `\`${name}\``);
  return `${few.join(', ')}${names.length > few.length ? ` and ${names.length - few.length} more` : ''}`;
}

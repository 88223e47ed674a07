import { DatasetError, listNames, nearestWord, requireOption } from '@polytask/core';
import type { Value } from './feature-kind.js';
import { moments } from './moments.js';
import { otherSpelling, readBoolean, readCategory, readNumber, shown, Unreadable } from './raw-values.js';
import { wordCounts } from './word-counts.js';

/** A column of labels. */
export interface LabelOptions {
  readonly column: string;
  /**
   * `'number'` for regression, in the units of the column; `'class'` for classes, by name; `'binary'` for two of them, the
   * negative one first: the classes' names, or true and false, yes and no, 1 and 0; `'set'` for any number of labels in one value, such
   * as `war|drama` or a list, which become a vector of 1 and 0.
   */
  readonly kind: 'number' | 'class' | 'binary' | 'set';
  /** Names of the classes in the order of their ids, or of the labels of a set. Default: all that training rows have, sorted. */
  readonly classes?: readonly string[];
  /** Classes that fewer training rows have are joined into `other`; labels of a set are left out. Default 1. */
  readonly minCount?: number;
  /** What joined classes are called, the last one of all. Default `'other'`. */
  readonly other?: string;
  /** Between the labels of a set. Default `'|'`. */
  readonly separator?: string;
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
 * Shapes: `[rows]` per column in, `[rows × labels]` for a set; `[rows]`, `[rows, columns]` for a vector, or `[rows, labels]` out.
 */
export function joinLabels(
  labels: readonly (LabelOptions | VectorLabel)[],
  columns: { readonly [column: string]: Float32Array | Int32Array },
  rows: number,
): { readonly column: string; readonly data: Float32Array | Int32Array; readonly shape: readonly number[] }[] {
  return labels.map((label) => {
    const { column } = label;
    if (!('columns' in label)) {
      const data = columns[column] as Float32Array;
      return { column, data, shape: label.kind === 'set' ? [rows, data.length / rows] : [rows] };
    }
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
      /** The class that all others are, where rare ones are joined. */
      readonly joined?: string;
    }
  | {
      readonly kind: 'set';
      readonly column: string;
      readonly rows: number;
      /** Names of the labels, in the order of the vector; others are passed over. */
      readonly classes: readonly string[];
      /** Training rows that have each label. */
      readonly counts: readonly number[];
      readonly separator: string;
    };

/** More classes of a column than anybody means; a column of texts or ids has been named by mistake. */
export const mostClasses = 10_000;
/** Among up to this many names a wrong one is compared with each, to find what may have been meant. */
const mostCompared = 1000;

/** A function that reads a label as a number (NaN: none) or the name of a class (null: none). */
export function labelReader({
  kind,
  classes,
  ...more
}: Pick<LabelOptions, 'kind' | 'classes'> & { readonly joined?: string }): (value: unknown) => Value | Unreadable {
  if (kind === 'number') {
    return (value) => {
      const number = readNumber(value);
      const infinite = typeof number === 'number' && Math.abs(Math.fround(number)) === Number.POSITIVE_INFINITY;
      return infinite ? new Unreadable('a label must be finite, as float32') : number;
    };
  }
  if (kind === 'set') return readSet;
  const known = new Set(classes);
  return (value) => {
    const name = readCategory(value);
    if (typeof name !== 'string' || classes === undefined || known.has(name)) return name;
    const other = otherSpelling(name);
    if (other !== undefined && known.has(other)) return other;
    const answer = kind === 'binary' || classes.length === 2 ? readBoolean(value) : undefined;
    if (typeof answer === 'number') return classes[answer] as string;
    if (more.joined !== undefined) return name;
    const near = classes.length > mostCompared ? undefined : nearestWord(name, classes);
    const advice = near === undefined ? '' : `. Did you mean \`${near}\`?`;
    return new Unreadable(`${shown(name)} is not one of the classes ${listNames(classes)}${advice}`);
  };
}

/**
 * Refuses more classes than anybody means, before anything is made for them.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`).
 */
export function checkClasses(labels: readonly (LabelOptions | VectorLabel)[]): void {
  for (const label of labels) {
    if ('columns' in label) continue;
    const { column, classes, minCount = 1, other } = label;
    const count = classes?.length ?? 0;
    requireOption(count <= mostClasses, `classes of \`${column}\``, `at most ${mostClasses} names`, count);
    requireOption(Number.isInteger(minCount) && minCount >= 1, 'minCount', 'a whole number from 1', minCount);
    const joins = minCount > 1 || other !== undefined;
    requireOption(
      !joins || classes === undefined,
      'minCount',
      `left out where the classes of \`${column}\` are named`,
      minCount,
    );
  }
}

/** Learns from the labels of training rows, one by one. */
export function labelLearner(label: LabelOptions): {
  add(value: Value): void;
  learned(): LearnedLabel;
} {
  const { kind, column, classes, shift = false, minCount = 1, other = 'other' } = label;
  if (kind === 'set') return setLearner(label);
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
      const all = [...found.keys()];
      const frequent = all.filter((name) => (found.get(name) ?? 0) >= minCount && name !== other);
      const joins = minCount > 1 && frequent.length < all.length;
      const names = classes ?? [...sortedClasses(column, joins ? frequent : all), ...(joins ? [other] : [])];
      if (kind === 'binary' && names.length !== 2) throw notTwo(column, names);
      const perClass = names.map((name) => found.get(name) ?? 0);
      const rows = (joins ? [...found.values()] : perClass).reduce((sum, count) => sum + count, 0);
      if (joins) perClass[names.length - 1] = rows - perClass.slice(0, -1).reduce((sum, count) => sum + count, 0);
      return {
        kind: 'class',
        column,
        rows,
        classes: names,
        counts: perClass,
        ...(joins ? { joined: other } : {}),
        ...(kind === 'binary' && classes === undefined && !isAnswer(names) ? { unsaid: true } : {}),
      };
    },
  };
}

/** What a label becomes in a data set: rows by `width` numbers, or ids. */
export interface LabelEncoder {
  readonly width: number;
  /** An array for some rows, none of which has a label yet. */
  make(rows: number): Float32Array | Int32Array;
  /**
   * Writes the label of a row.
   *
   * @returns What is wrong with it, such as a class that training never saw; undefined where nothing is.
   */
  encode(value: Value, into: Float32Array | Int32Array, row: number): Unreadable | undefined;
}

/** What encodes a label: as the number, the id of the class, or a vector of 1 and 0. */
export function labelEncoder(label: LearnedLabel): LabelEncoder {
  const single = (idOf: (value: Value) => number | Unreadable): LabelEncoder['encode'] => {
    return (value, into, row) => {
      const target = idOf(value);
      if (target instanceof Unreadable) return target;
      into[row] = target;
      return undefined;
    };
  };
  const numbers = (width: number) => (rows: number) => new Float32Array(rows * width).fill(Number.NaN);
  if (label.kind === 'number') {
    const { offset = 0 } = label;
    return { width: 1, make: numbers(1), encode: single((value) => (value as number) - offset) };
  }
  if (label.kind === 'set') {
    const { classes, separator } = label;
    const width = classes.length;
    const placeOf = new Map(classes.map((name, place) => [name, place]));
    return {
      width,
      make: numbers(width),
      encode(value, into, row) {
        if (value === null) return undefined;
        into.fill(0, row * width, (row + 1) * width);
        for (const name of labelsIn(value as string, separator)) {
          const place = placeOf.get(name);
          if (place !== undefined) into[row * width + place] = 1;
        }
        return undefined;
      },
    };
  }
  return { width: 1, make: (rows) => new Int32Array(rows).fill(-1), encode: single(classEncoder(label)) };
}

function classEncoder(label: Extract<LearnedLabel, { kind: 'class' }>): (value: Value) => number | Unreadable {
  const { classes, counts, column, joined } = label;
  const idOf = new Map(classes.map((name, id) => [name, id]));
  const seen = listNames(classes.filter((_, index) => (counts[index] as number) > 0));
  return (value) => {
    if (value === null) return -1;
    const id = idOf.get(value as string);
    if (id !== undefined && (counts[id] as number) > 0) return id;
    if (joined !== undefined) return idOf.get(joined) as number;
    return new Unreadable(`no training row has class ${shown(value)} of \`${column}\`; they have ${seen}`);
  };
}

/** Any number of labels as a text: names with something between them, or a list as JSON has it. */
function readSet(value: unknown): string | null | Unreadable {
  return Array.isArray(value) ? JSON.stringify(value.filter((one) => one !== null)) : readCategory(value);
}

/** The names in a text that {@link readSet} has given. */
function labelsIn(text: string, separator: string): readonly string[] {
  const list = text.startsWith('[') ? listIn(text) : undefined;
  const names = list ?? text.split(separator);
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
}

function listIn(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((one) => one !== null).map(String) : undefined;
  } catch {
    return undefined;
  }
}

function setLearner({ column, classes, minCount = 1, separator = '|' }: LabelOptions): ReturnType<typeof labelLearner> {
  const counts = wordCounts(column);
  let rows = 0;
  return {
    add(value) {
      if (value === null) return;
      rows += 1;
      for (const name of labelsIn(value as string, separator)) counts.add(name);
    },
    learned() {
      if (rows === 0) throw noLabels(column);
      const found = counts.all();
      const frequent = [...found].filter(([, count]) => count >= minCount).map(([name]) => name);
      const names = classes ?? sortedClasses(column, frequent);
      if (names.length === 0) throw noLabels(column);
      return {
        kind: 'set',
        column,
        rows,
        classes: names,
        counts: names.map((name) => found.get(name) ?? 0),
        separator,
      };
    },
  };
}

/** This many deviations from 0, float32 has less than four digits left for what a label is about. */
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
    `Column \`${column}\` must have two different labels for a yes or a no, but has ${names.length}: ${listNames(names)}. ` +
      'Is it a classification?',
  );
}

function noLabels(column: string): DatasetError {
  return new DatasetError(
    `Column \`${column}\` must have a label in the training rows, but has none. Leave the task out, or correct the column or the split.`,
  );
}

import { requireOption } from '@polytask/core';

/** What rows are for. */
export type Part = 'train' | 'validation' | 'test';

/** All parts, in the order of their numbers in an assignment. */
export const parts: readonly Part[] = ['train', 'validation', 'test'];

/** How rows are divided: at random unless `stratify`, `group`, `time` or `column` says otherwise. */
export interface SplitOptions {
  /** Share of the rows that is measured on while training, in [0, 1). Default 0. */
  readonly validation?: number;
  /** Share of the rows that is measured on in the end, in [0, 1). Default 0. */
  readonly test?: number;
  /** Of this split alone, so that test rows stay test rows whatever the seed of the run. Default 0. */
  readonly seed?: number;
  /** Column of which every part has the same share of every value, as nearly as whole rows allow: rare classes are in all parts. */
  readonly stratify?: string;
  /** Column whose equal values stay together: all rows of a person, say, are in one part. */
  readonly group?: string;
  /** Column of dates or numbers: the latest rows are for testing, those before them for validation. */
  readonly time?: string;
  /** Column that says the part of every row: `train`, `validation` or `test`. */
  readonly column?: string;
}

/** Options of a split that name a column. */
export const splitColumns = ['stratify', 'group', 'time', 'column'] as const;

/** How a split divides, and by which column. */
export interface SplitRule {
  readonly by: 'random' | 'stratify' | 'group' | 'time' | 'column';
  readonly column?: string;
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
}

/**
 * Checks the options of a split.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for shares out of range, or several columns to divide by.
 */
export function splitRule(options: SplitOptions): SplitRule {
  const { validation = 0, test = 0, seed = 0 } = options;
  const isShare = (value: number) => value >= 0 && value < 1;
  requireOption(isShare(validation), 'validation', 'a number from 0 to below 1', validation);
  requireOption(isShare(test), 'test', 'a number from 0 to below 1', test);
  requireOption(validation + test < 1, 'validation', 'less than 1 together with `test`', validation);
  const by = splitColumns.filter((name) => options[name] !== undefined);
  requireOption(by.length <= 1, by[1] ?? 'column', `left out, since \`${by[0]}\` is given`, options[by[1] ?? 'column']);
  const [rule] = by;
  if (rule === undefined) return { by: 'random', validation, test, seed };
  return { by: rule, column: options[rule] as string, validation, test, seed };
}

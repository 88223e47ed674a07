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
  /**
   * Column of which every part has the same share of every value, as nearly as whole rows allow, or several such columns. A value of one
   * row alone is for training.
   */
  readonly stratify?: string | readonly string[];
  /** Column whose equal values stay together: all rows of a person, say, are in one part. */
  readonly group?: string;
  /** Column of dates or numbers: the latest rows are for testing, those before them for validation. */
  readonly time?: string;
  /** Column that says the part of every row: `train`, `validation` or `test`. */
  readonly column?: string;
  /** In place of `test`: rows are divided into this many parts of about the same size, each of which is for testing once. */
  readonly folds?: number;
  /** Which of them is for testing, from 1. Default 1. */
  readonly fold?: number;
}

/** Options of a split that name a column. */
export const splitColumns = ['stratify', 'group', 'time', 'column'] as const;

/** How a split divides, and by which column. */
export interface SplitRule {
  readonly by: 'random' | 'stratify' | 'group' | 'time' | 'column';
  readonly column?: string;
  /** Where there are several, in place of `column`. */
  readonly columns?: readonly string[];
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly folds?: number;
  readonly fold?: number;
}

/** The columns that a rule divides by. */
export const columnsOfRule = ({ column, columns }: Pick<SplitRule, 'column' | 'columns'>): readonly string[] =>
  columns ?? (column === undefined ? [] : [column]);

/**
 * Checks the options of a split.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for shares out of range, several ways to divide, or folds that cannot be.
 */
export function splitRule(options: SplitOptions): SplitRule {
  const { validation = 0, seed = 0, folds, fold } = options;
  if (folds !== undefined) {
    requireOption(
      Number.isInteger(folds) && folds >= 2 && folds <= 100,
      'folds',
      'a whole number from 2 to 100',
      folds,
    );
    requireOption(options.test === undefined, 'test', 'left out, since `folds` says what is for testing', options.test);
  }
  requireOption(fold === undefined || folds !== undefined, 'fold', 'left out where there are no `folds`', fold);
  const { test = folds === undefined ? 0 : 1 / folds } = options;
  const isShare = (value: number) => value >= 0 && value < 1;
  requireOption(isShare(validation), 'validation', 'a number from 0 to below 1', validation);
  requireOption(isShare(test), 'test', 'a number from 0 to below 1', test);
  requireOption(validation + test < 1, 'validation', 'less than 1 together with `test`', validation);
  const by = splitColumns.filter((name) => options[name] !== undefined);
  requireOption(by.length <= 1, by[1] ?? 'column', `left out, since \`${by[0]}\` is given`, options[by[1] ?? 'column']);
  const [rule = 'random'] = by;
  const shares = { validation, test, seed, ...(folds === undefined ? {} : foldOf(folds, fold, rule)) };
  if (rule === 'random') return { by: rule, ...shares };
  const named = options[rule] as string | readonly string[];
  const columns = typeof named === 'string' ? [named] : [...new Set(named)];
  requireOption(columns.length > 0, rule, 'at least one column', named);
  const [column = ''] = columns;
  return { by: rule, ...(columns.length === 1 ? { column } : { columns }), ...shares };
}

function foldOf(folds: number, fold = 1, rule: SplitRule['by']): Pick<SplitRule, 'folds' | 'fold'> {
  requireOption(
    Number.isInteger(fold) && fold >= 1 && fold <= folds,
    'fold',
    `a whole number from 1 to ${folds}`,
    fold,
  );
  const divides = rule !== 'time' && rule !== 'column';
  requireOption(divides, 'folds', `left out, since \`${rule}\` says which rows are for testing`, folds);
  return { folds, fold };
}

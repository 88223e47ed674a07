import { DatasetError, permutation, uniformStream } from '@polytask/core';
import { readDate, shown, Unreadable } from '../encoding/raw-values.js';
import { balancedParts } from './balanced-parts.js';
import { assignFolds } from './folds.js';
import { columnsOfRule, type Part, parts, type SplitRule } from './split-options.js';
import { groupOfRow, strataOf } from './strata.js';

const train = 0;
const validation = 1;
const test = 2;

/**
 * Which part every row is in: 0 train, 1 validation, 2 test. Depends on the rule and the values of its column alone; random
 * draws come from our own streams, so the same rule gives the same parts on every machine and with every version of a
 * database.
 *
 * - random: rows in the order of a seeded permutation; the first are for testing, the next for validation, so that another
 *   share for validation leaves the test rows as they are.
 * - stratify: the same within the rows of every value of the column (those without one are alike); values are gone through in
 *   order, and rounding of one is made up for by the next, so that shares are right in all to less than a row. Every value has a
 *   row for training. Of several columns, every value of each has its share, by iterative stratification.
 * - group: the same with whole groups, until the share of rows is reached as nearly as groups allow.
 * - time: the latest rows for testing, those before for validation; rows of the same time stay together.
 * - column: as the column says.
 * - folds: rows are first divided into parts of about the same size, by the same rule; that of `fold` is for testing, and of all others
 *   some are for validation.
 *
 * @param rows - How many there are.
 * @param values - Of the rule's column, one per row, or a list of these for several columns; not looked at for random splits.
 * @throws DatasetError (`POLYTASK_DATASET`) where a value does not say the part, or a part that was asked for has no row.
 */
export function assignParts(rule: SplitRule, rows: number, values: ArrayLike<unknown> = []): Uint8Array {
  const assigned = new Uint8Array(rows);
  if (rule.folds !== undefined) foldParts(rule, assigned, values);
  else if (rule.by === 'random') randomParts(rule, assigned);
  else if (rule.columns !== undefined) severalStrata(rule, assigned, values);
  else if (rule.by === 'stratify') stratifiedParts(rule, assigned, values);
  else if (rule.by === 'group') groupParts(rule, assigned, values);
  else if (rule.by === 'time') timeParts(rule, assigned, values);
  else columnParts(rule, assigned, values);
  requireRows(rule, assigned);
  return assigned;
}

/** Rows of every part. */
export function countParts(assigned: Uint8Array): Record<Part, number> {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const part of assigned) counts[parts[part] as Part] += 1;
  return counts;
}

function randomParts({ seed, validation: shareValidation, test: shareTest }: SplitRule, assigned: Uint8Array): void {
  const order = permutation(assigned.length, uniformStream(seed, 'split'));
  const tests = Math.round(shareTest * assigned.length);
  const validations = Math.round(shareValidation * assigned.length);
  for (let i = 0; i < tests + validations; i++) assigned[order[i] as number] = i < tests ? test : validation;
}

/** One of the folds for testing; the others are divided as if they were all. */
function foldParts(rule: SplitRule, assigned: Uint8Array, values: ArrayLike<unknown>): void {
  const { fold = 1 } = rule;
  const folds = assignFolds(rule, assigned.length, values);
  for (let row = 0; row < assigned.length; row++) if (folds[row] === fold - 1) assigned[row] = test;
  setApart(rule, assigned, values);
}

/**
 * Sets rows apart for validation among those that are for training.
 *
 * @param assigned - The part of every row; written to.
 * @param values - Of all rows, as {@link assignParts} takes them.
 * @param whole - How many rows the share is of. Default: all.
 */
export function setApart(
  rule: SplitRule,
  assigned: Uint8Array,
  values: ArrayLike<unknown>,
  whole = assigned.length,
): void {
  const { folds: _, fold: __, ...others } = rule;
  const rest = [...assigned.keys()].filter((row) => assigned[row] === train);
  if (rule.validation === 0 || rest.length === 0) return;
  const share = Math.min(0.99, (rule.validation * whole) / rest.length);
  const of = (all: ArrayLike<unknown>) => rest.map((row) => all[row]);
  const left =
    rule.columns === undefined ? of(values) : Array.from(values as ArrayLike<ArrayLike<unknown>>, (all) => of(all));
  const within = assignParts({ ...others, validation: share, test: 0 }, rest.length, left);
  rest.forEach((row, index) => {
    assigned[row] = within[index] as number;
  });
}

function severalStrata(rule: SplitRule, assigned: Uint8Array, values: ArrayLike<unknown>): void {
  const shares = [1 - rule.validation - rule.test, rule.validation, rule.test];
  assigned.set(balancedParts(shares, assigned.length, values as ArrayLike<ArrayLike<unknown>>, rule.seed));
}

function stratifiedParts(rule: SplitRule, assigned: Uint8Array, values: ArrayLike<unknown>): void {
  let seen = 0;
  let tests = 0;
  let validations = 0;
  for (const [key, rows] of strataOf(assigned.length, values)) {
    seen += rows.length;
    // What nothing is learned of cannot be measured.
    const most = rows.length - 1;
    const forTest = Math.min(most, Math.round(rule.test * seen) - tests);
    const apart = Math.round((rule.test + rule.validation) * seen) - tests - validations;
    const forBoth = Math.min(most, Math.max(forTest, apart));
    const order = permutation(rows.length, uniformStream(rule.seed, 'split', 'stratify', key));
    for (let i = 0; i < forBoth; i++) assigned[rows[order[i] as number] as number] = i < forTest ? test : validation;
    tests += forTest;
    validations += forBoth - forTest;
  }
}

function groupParts(rule: SplitRule, assigned: Uint8Array, values: ArrayLike<unknown>): void {
  const groupOf = new Map<string, number>();
  const sizes: number[] = [];
  const groups = new Uint32Array(assigned.length);
  for (let row = 0; row < assigned.length; row++) {
    const key = groupOfRow(rule, values, row);
    const group = groupOf.get(key) ?? groupOf.size;
    groupOf.set(key, group);
    groups[row] = group;
    sizes[group] = (sizes[group] ?? 0) + 1;
  }
  const partOf = new Uint8Array(sizes.length);
  const order = permutation(sizes.length, uniformStream(rule.seed, 'split', 'group'));
  let next = 0;
  for (const [part, share] of [
    [test, rule.test],
    [validation, rule.validation],
  ] as const) {
    const wanted = share * assigned.length;
    // A group goes in where that brings the number of rows nearer to what is wanted.
    for (let taken = 0; next < order.length; next++) {
      const group = order[next] as number;
      const size = sizes[group] as number;
      if (taken + size / 2 > wanted) break;
      taken += size;
      partOf[group] = part;
    }
  }
  for (let row = 0; row < assigned.length; row++) assigned[row] = partOf[groups[row] as number] as number;
}

function timeParts(rule: SplitRule, assigned: Uint8Array, values: ArrayLike<unknown>): void {
  const times = new Float64Array(assigned.length);
  for (let row = 0; row < assigned.length; row++) {
    // Of numbers the order is all that counts: those that look like 20240131 are days to nobody who has 20240199 beside them.
    const value = values[row];
    const time = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : readDate(value);
    if (time instanceof Unreadable || !Number.isFinite(time)) {
      throw new DatasetError(
        `Every row must have a date or a number in \`${rule.column}\` to split by, but row ${row} has ${shown(values[row])}.`,
      );
    }
    times[row] = time;
  }
  const sorted = times.slice().sort();
  const cut = (share: number) => sorted[Math.max(0, sorted.length - Math.round(share * sorted.length))];
  const testFrom = rule.test > 0 ? (cut(rule.test) ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  const validationFrom = rule.validation > 0 ? (cut(rule.test + rule.validation) ?? testFrom) : testFrom;
  for (let row = 0; row < times.length; row++) {
    const time = times[row] as number;
    assigned[row] = time >= testFrom ? test : time >= validationFrom ? validation : train;
  }
}

function columnParts(rule: SplitRule, assigned: Uint8Array, values: ArrayLike<unknown>): void {
  for (let row = 0; row < assigned.length; row++) {
    const part = parts.indexOf(values[row] as Part);
    if (part < 0) {
      throw new DatasetError(
        `\`${rule.column}\` must be \`train\`, \`validation\` or \`test\` in every row, but row ${row} has ${shown(values[row])}.`,
      );
    }
    assigned[row] = part;
  }
}

function requireRows(rule: SplitRule, assigned: Uint8Array): void {
  const counts = countParts(assigned);
  const wanted: Part[] = ['train'];
  if (rule.validation > 0) wanted.push('validation');
  if (rule.test > 0) wanted.push('test');
  const empty = wanted.find((part) => counts[part] === 0);
  if (empty === undefined) return;
  const found = parts.map((part) => `${counts[part]} ${part}`).join(', ');
  const named = columnsOfRule(rule).map((name) => `\`${name}\``);
  const how = rule.by === 'random' ? 'at random' : `by ${rule.by} ${named.join(', ')}`;
  throw new DatasetError(
    `Every part of a split must have a row, but ${assigned.length} rows divided ${how} give ${found}. Change the shares, or take more rows.`,
  );
}

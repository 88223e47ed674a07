import { permutation, uniformStream } from '@polytask/core';
import { balancedParts } from './balanced-parts.js';
import type { SplitRule } from './split-options.js';
import { groupOfRow, strataOf } from './strata.js';

/**
 * Which fold every row is in, from 0. At random and by strata, rows go to the folds by turns, in an order that the seed says; so folds
 * differ by one row at most, in all and within every value. Groups go whole to the fold that has the fewest rows, the largest first.
 *
 * @param values - As `assignParts` takes them.
 */
export function assignFolds(rule: SplitRule, rows: number, values: ArrayLike<unknown>): Uint8Array {
  const { folds = 1, by, seed } = rule;
  const found = new Uint8Array(rows);
  if (rule.columns !== undefined) {
    const shares = Array.from({ length: folds }, () => 1 / folds);
    return balancedParts(shares, rows, values as ArrayLike<ArrayLike<unknown>>, seed);
  }
  if (by === 'group') return foldsOfGroups(rule, rows, values);
  const strata = by === 'stratify' ? strataOf(rows, values) : [['', [...found.keys()]] as const];
  let next = 0;
  for (const [key, having] of strata) {
    const order = permutation(having.length, uniformStream(seed, 'split', 'folds', key));
    for (const place of order) {
      found[having[place] as number] = next % folds;
      next += 1;
    }
  }
  return found;
}

function foldsOfGroups(rule: SplitRule, rows: number, values: ArrayLike<unknown>): Uint8Array {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    const key = groupOfRow(rule, values, row);
    const before = groups.get(key);
    if (before === undefined) groups.set(key, [row]);
    else before.push(row);
  }
  const all = [...groups.values()];
  const order = permutation(all.length, uniformStream(rule.seed, 'split', 'folds', 'group'));
  const mixed = Array.from(order, (place) => all[place] as number[]).sort((a, b) => b.length - a.length);
  const sizes = Array.from({ length: rule.folds ?? 1 }, () => 0);
  const found = new Uint8Array(rows);
  for (const having of mixed) {
    const fold = sizes.indexOf(Math.min(...sizes));
    for (const row of having) found[row] = fold;
    sizes[fold] = (sizes[fold] as number) + having.length;
  }
  return found;
}

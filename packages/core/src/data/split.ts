import { DatasetError } from '../errors/dataset-error.js';
import { requireOption } from '../errors/invalid-option-error.js';
import type { TableDataset } from './indexed-dataset.js';
import { rowOrder } from './row-order.js';
import { subset } from './subset.js';

/** A data set in parts that share no row. */
export interface Split<Part extends string = string> {
  readonly parts: { readonly [part in Part]: TableDataset };
  /** Row ids of every part, to be recorded: `subset(dataset, rowsOfIds(dataset, ids.train))` gives the part again. */
  readonly ids: { readonly [part in Part]: Int32Array };
}

/**
 * Splits a data set at random: which part a row is in depends on the seed, the number of rows and the fractions alone.
 * Rows keep their order within a part. Sizes are the fractions of the rows, rounded so that they add up (largest
 * remainder, ties to the part named first).
 *
 * @remarks Rows are drawn one by one. Where rows belong together (several of one person), split by group yourself with
 * {@link subset}, or the test part will flatter the model.
 * @param fractions - By part; they sum to 1.
 * @param seed - Of the split alone: keep it when the run's seed changes, so that test rows stay test rows.
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) unless the fractions are positive and sum to 1; DatasetError
 * (`POLYTASK_DATASET`) where a part would have no row.
 * @example
 * ```ts
 * import { splitDataset, tableDataset } from '@polytask/core';
 *
 * const x = { data: new Float32Array(100), shape: [100, 1] };
 * const dataset = tableDataset({ inputs: { x }, columns: { y: new Float32Array(100) } });
 * const { parts, ids } = splitDataset(dataset, { train: 0.8, validation: 0.1, test: 0.1 }, 7);
 * console.log(parts.train.size, ids.test.length); // => 80 10
 * ```
 */
export function splitDataset<Part extends string>(
  dataset: TableDataset,
  fractions: { readonly [part in Part]: number },
  seed: number | string,
): Split<Part> {
  const names = Object.keys(fractions) as Part[];
  const shares = names.map((name) => fractions[name]);
  const sum = shares.reduce((total, share) => total + share, 0);
  const valid = shares.every((share) => share > 0) && Math.abs(sum - 1) < 1e-9;
  requireOption(valid, 'fractions', 'positive numbers that sum to 1', fractions);

  const sizes = partSizes(dataset.size, shares);
  const order = rowOrder(dataset.size, String(seed), 'split');
  const parts: Partial<Record<Part, TableDataset>> = {};
  const ids: Partial<Record<Part, Int32Array>> = {};
  let start = 0;
  names.forEach((name, i) => {
    const size = sizes[i] as number;
    if (size === 0) {
      throw new DatasetError(
        `Every part must have a row, but ${fractions[name]} of ${dataset.size} rows leaves none for \`${name}\`. Give it more.`,
      );
    }
    const part = subset(dataset, order.slice(start, start + size).sort());
    parts[name] = part;
    ids[name] = part.ids;
    start += size;
  });
  return { parts: parts as Record<Part, TableDataset>, ids: ids as Record<Part, Int32Array> };
}

function partSizes(rows: number, shares: readonly number[]): number[] {
  const sizes = shares.map((share) => Math.floor(share * rows + 1e-9));
  const remainders = shares.map((share, i) => share * rows - (sizes[i] as number));
  const left = rows - sizes.reduce((total, size) => total + size, 0);
  const byRemainder = shares.map((_, i) => i).sort((a, b) => (remainders[b] as number) - (remainders[a] as number));
  for (const i of byRemainder.slice(0, left)) sizes[i] = (sizes[i] as number) + 1;
  return sizes;
}

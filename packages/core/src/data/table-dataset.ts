import type { HostTensor } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';
import { requireMapping } from '../options/check-arguments.js';
import { checkIds } from './check-table.js';
import { indexedDataset, type TableDataset } from './indexed-dataset.js';
import {
  storeColumn,
  storeInput,
  storeWeights,
  type TableColumn,
  type TableInput,
  type TableWeights,
} from './store-table.js';
import { gatherRows, type StoredArray } from './stored-array.js';

/** What a table is made of. Typed arrays are kept, not copied: leave them as they are. */
export interface TableOptions {
  readonly inputs: { readonly [input: string]: TableInput };
  readonly columns: { readonly [column: string]: TableColumn };
  /** For all columns, or by column. Default: every row counts once. */
  readonly sampleWeights?: TableWeights | { readonly [column: string]: TableWeights };
  /** A stable number for every row, from 0, each once. Default: 0, 1, 2, … */
  readonly ids?: Int32Array | readonly number[];
}

/**
 * A data set from arrays in memory: one row per sample, an input or several, a column of labels per task, any of which
 * may be missing.
 *
 * Shapes: inputs and columns are `[rows, ...]` with the same number of rows; an epoch visits every row once, in an
 * order that depends on the cursor's `shuffleSeed` and the epoch alone.
 *
 * @param options - Inputs and columns by name; `ids` default to row numbers, `sampleWeights` to 1.
 * @throws DatasetError (`POLYTASK_DATASET`) where row counts differ, there is no row, an input or a weight is not
 * finite, a category id is out of range, or ids repeat.
 * @example
 * ```ts
 * import { tableDataset } from '@polytask/core';
 *
 * const dataset = tableDataset({
 *   inputs: { x: { data: new Float32Array([0, 1, 2, 3, 4, 5]), shape: [3, 2] } },
 *   columns: {
 *     animal: new Int32Array([2, 0, -1]), // the third row has no animal
 *     weight: [3.5, null, 1.25], // the second no weight
 *   },
 * });
 * console.log(dataset.size, dataset.inputs.x?.shape); // => 3 [ 2 ]
 * ```
 */
export function tableDataset(options: TableOptions): TableDataset {
  requireMapping(options, 'options', 'a mapping with `inputs` and `columns`');
  requireMapping(options.inputs, 'inputs', 'a mapping from names to inputs');
  requireMapping(options.columns, 'columns', 'a mapping from names to labels');
  const inputs = Object.entries(options.inputs).map(([name, input]) => ({ name, ...storeInput(name, input) }));
  const columns = Object.entries(options.columns).map(([name, column]) => ({ name, array: storeColumn(name, column) }));
  const first = inputs[0];
  if (first === undefined) throw new DatasetError('A table must have an input, but has none. Pass `inputs`.');
  const rows = rowsOf(first.array);
  for (const { name, array } of inputs) requireRows(`Input \`${name}\``, rowsOf(array), rows, first.name);
  for (const { name, array } of columns) requireRows(`Column \`${name}\``, rowsOf(array), rows, first.name);
  const ids = options.ids === undefined ? Int32Array.from({ length: rows }, (_, row) => row) : checkIds(options.ids);
  requireRows('`ids`', ids.length, rows, first.name);
  const weights = storeWeights(
    options.sampleWeights,
    columns.map(({ name }) => name),
  );
  for (const [name, { data }] of weights) {
    requireRows(`Sample weights of column \`${name}\``, data.length, rows, first.name);
  }
  const idArray: StoredArray = { data: ids, rowShape: [], width: 1, scale: 1 };

  return indexedDataset({
    inputs: Object.fromEntries(inputs.map(({ name, spec }) => [name, spec])),
    columns: columns.map(({ name }) => name),
    ids,
    gather(chosen, before) {
      const idsOfRows = gatherRows(idArray, chosen).data as Int32Array;
      return {
        size: chosen.length,
        inputs: Object.fromEntries(
          inputs.map(({ name, array }) => [name, gatherRows(array, chosen, before?.inputs[name])]),
        ),
        columns: Object.fromEntries(columns.map(({ name, array }) => [name, gatherRows(array, chosen)])),
        sampleWeights: Object.fromEntries(
          [...weights].map(([name, array]) => [name, gatherRows(array, chosen).data as Float32Array]),
        ),
        ids: Object.fromEntries(columns.map(({ name }) => [name, idsOfRows])),
      };
    },
    labels(column) {
      const array = columns.find(({ name }) => name === column)?.array as StoredArray;
      const targets = { data: array.data, shape: [rows, ...array.rowShape] } as HostTensor;
      const stored = weights.get(column)?.data as Float32Array | undefined;
      return { targets, ids, ...(stored === undefined ? {} : { weights: stored }) };
    },
  });
}

function rowsOf(array: StoredArray): number {
  return array.data.length / array.width;
}

function requireRows(what: string, found: number, required: number, first: string): void {
  if (found === required) return;
  throw new DatasetError(`${what} must have as many rows as input \`${first}\`, ${required}, but has ${found}.`);
}

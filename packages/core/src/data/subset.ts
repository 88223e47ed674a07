import { DatasetError } from '../errors/dataset-error.js';
import { checkRows, indexedDataset, type TableDataset } from './indexed-dataset.js';
import { gatherRows, storeArray } from './stored-array.js';

/**
 * Some rows of a data set as a data set: nothing is copied, and rows keep their ids. A row given twice is there twice.
 *
 * @param rows - Row numbers in `dataset`, in the order that they shall have.
 * @throws DatasetError (`POLYTASK_DATASET`) where a row does not exist, or there is none.
 * @example
 * ```ts
 * import { subset, tableDataset } from '@polytask/core';
 *
 * const dataset = tableDataset({ inputs: { x: { data: [5, 6, 7], shape: [3] } }, columns: { y: [0, 1, 0] } });
 * console.log(subset(dataset, [2, 0]).gather([0]).inputs.x?.data); // => Float32Array(1) [ 7 ]
 * ```
 */
export function subset(dataset: TableDataset, rows: ArrayLike<number>): TableDataset {
  if (rows.length === 0) throw new DatasetError('A subset must have a row, but has none. Choose at least one.');
  checkRows(rows, dataset.size);
  const chosen = Uint32Array.from(rows);
  const ids = Int32Array.from(chosen, (row) => dataset.ids[row] as number);
  const { inputs, columns } = dataset;
  return indexedDataset({
    inputs,
    columns,
    ids,
    gather: (wanted, options) =>
      dataset.gather(
        Uint32Array.from(wanted, (row) => chosen[row] as number),
        options,
      ),
    labels(column) {
      const { targets, weights } = dataset.labels(column);
      const array = storeArray(`Column \`${column}\``, targets);
      const weightsOfRows = weights && Float32Array.from(chosen, (row) => weights[row] as number);
      const chosenWeights = weightsOfRows === undefined ? {} : { weights: weightsOfRows };
      return { targets: gatherRows(array, chosen), ids, ...chosenWeights };
    },
  });
}

/**
 * Row numbers of the given ids, so that a recorded split can be made again with {@link subset}.
 *
 * @throws DatasetError (`POLYTASK_DATASET`) where the data set has no row with an id.
 */
export function rowsOfIds(dataset: TableDataset, ids: ArrayLike<number>): Uint32Array {
  const rows = new Map<number, number>();
  dataset.ids.forEach((id, row) => {
    rows.set(id, row);
  });
  return Uint32Array.from(ids, (id) => {
    const row = rows.get(id);
    if (row !== undefined) return row;
    throw new DatasetError(
      `Every id must be in the data set, but ${id} is not. Was the split recorded for other data?`,
    );
  });
}

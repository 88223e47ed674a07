import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { AnyTask, LabelColumn } from '../contracts/task.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import type { StoredLabels } from './indexed-dataset.js';
import { isMissing, readTargets } from './read-targets.js';

/** Data sets that keep their labels apart from their rows hand a column over, at once or later. */
type LabelReader = (column: string) => StoredLabels | Promise<StoredLabels>;

/** Rows read at once from data sets that stream. */
const chunkRows = 1024;

/**
 * All labels of one task, for its `prepare`; rows without a label are left out. Data sets with a `labels` method hand their column
 * over; others are read once from front to end, unshuffled.
 *
 * Shapes: targets `[rows with a label, ...target shape]`, weights `[rows with a label]`.
 *
 * @throws ShapeMismatchError (`POLYTASK_SHAPE_MISMATCH`) or DatasetError (`POLYTASK_DATASET`) where labels are not what
 * the task needs. A column that the data set does not have gives no rows.
 * @example
 * ```ts
 * import { collectLabels, regression, tableDataset } from '@polytask/core';
 *
 * const dataset = tableDataset({ inputs: { x: { data: [1, 2], shape: [2] } }, columns: { y: [0.5, null] } });
 * const { targets } = await collectLabels(dataset, regression('y'));
 * console.log(targets.data); // => Float32Array(1) [ 0.5 ]
 * ```
 */
export async function collectLabels(dataset: MultiTaskDataset, task: AnyTask): Promise<LabelColumn> {
  const { column } = task;
  if (!dataset.columns.includes(column)) return joined(task, []);
  if ('labels' in dataset) {
    const { targets, weights } = await (dataset as { labels: LabelReader }).labels(column);
    return joined(task, [labelled(task, targets, weights)]);
  }
  const cursor = dataset.open({ batchSize: chunkRows });
  const parts: LabelColumn[] = [];
  cursor.seek(0, 0);
  for (let raw = await cursor.next(); raw !== null; raw = await cursor.next()) {
    const labels = raw.columns[column];
    if (labels !== undefined) parts.push(labelled(task, labels, raw.sampleWeights[column]));
  }
  return joined(task, parts);
}

/** The rows that have a label. */
function labelled(task: AnyTask, labels: HostTensor, weights: Float32Array | undefined): LabelColumn {
  const targets = readTargets(task, labels);
  const [rows = 0, ...rowShape] = targets.shape;
  const width = targets.data.length / rows;
  const kept: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (isMissing(targets, row)) continue;
    targets.data.copyWithin(kept.length * width, row * width, (row + 1) * width);
    kept.push(row);
  }
  return {
    targets: { data: targets.data.subarray(0, kept.length * width), shape: [kept.length, ...rowShape] },
    weights: Float32Array.from(kept, (row) => weights?.[row] ?? 1),
  };
}

function joined(task: AnyTask, parts: readonly LabelColumn[]): LabelColumn {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const rows = parts.reduce((total, part) => total + part.weights.length, 0);
  const rowShape = only?.targets.shape.slice(1) ?? task.target.shape;
  const size = rows * sizeOf(rowShape);
  const isInt = only === undefined ? task.target.dtype === 'int32' : only.targets.data instanceof Int32Array;
  const data = isInt ? new Int32Array(size) : new Float32Array(size);
  const weights = new Float32Array(rows);
  let start = 0;
  for (const part of parts) {
    weights.set(part.weights, start);
    data.set(part.targets.data, start * (size / rows));
    start += part.weights.length;
  }
  return { targets: { data, shape: [rows, ...rowShape] }, weights };
}

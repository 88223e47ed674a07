import type { Batch } from '../contracts/batch.js';
import type { RawBatch, SourceInfo } from '../contracts/dataset.js';
import type { AnyTask, TaskConstants } from '../contracts/task.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { LabelOverlays, OverlayTable } from './label-overlay.js';
import { isMissing, oneHot, readTargets } from './read-targets.js';
import { gatherRows } from './stored-array.js';

/**
 * A batch of a data set with its labels weighed: per task the targets, and per row the weight $w = [\text{label there}]
 * \cdot \text{sample weight} \cdot \text{rowWeight}$.
 *
 * A label is missing where all its entries are (NaN in float32, negative in int32): its weight is 0 and its target is
 * filled with 0. Where only some entries are missing, the row keeps its weight and the missing entries stay as they
 * are; the task's loss leaves them out. A column that is absent is missing in every row. An overlay's target and sample
 * weight come before the data set's; where it has distributions, so have all targets of the task.
 *
 * Shapes: targets `[rows, ...target shape]`, or `[rows, ...target shape, classes]` for distributions; weights and ids
 * `[rows]`.
 *
 * @param constants - By task, what `prepare` gave. Default for a task: none.
 * @param overlays - Default: none.
 * @param sources - The data set's, named by task; needed where `raw` has `rowSource`.
 * @throws ShapeMismatchError (`POLYTASK_SHAPE_MISMATCH`) where labels do not have the task's shape; DatasetError
 * (`POLYTASK_DATASET`) where a label or a weight cannot be; UnknownNameError (`POLYTASK_UNKNOWN_NAME`) where a source
 * is not named like a task.
 * @example
 * ```ts
 * import { classification, labelBatch, tableDataset } from '@polytask/core';
 *
 * const dataset = tableDataset({
 *   inputs: { x: { data: [1, 2], shape: [2] } },
 *   columns: { animal: new Int32Array([1, -1]) },
 * });
 * const batch = labelBatch(dataset.gather([0, 1]), [classification('animal', { classes: 2 })]);
 * console.log(batch.weights.animal); // => Float32Array(2) [ 1, 0 ]
 * ```
 */
export function labelBatch(
  raw: RawBatch,
  tasks: readonly AnyTask[],
  constants: { readonly [task: string]: TaskConstants } = {},
  overlays?: LabelOverlays,
  sources: readonly SourceInfo[] = [],
): Batch {
  const targets: Record<string, HostTensor> = {};
  const weights: Record<string, Float32Array> = {};
  const ids: Record<string, Int32Array> = {};
  for (const task of tasks) {
    const labels = raw.columns[task.column] ?? noLabels(raw, task);
    const rows = labels.shape[0] as number;
    const idsOfRows = raw.ids[task.column] ?? idsOfRowsLike(raw, rows);
    const overlay = overlays?.lookup(task.name);
    const target = overlayTargets(task, readTargets(task, labels), idsOfRows, overlay);
    const sampleWeights = raw.sampleWeights[task.column];
    targets[task.name] = target;
    ids[task.name] = idsOfRows;
    weights[task.name] = weigh(task, target, idsOfRows, sampleWeights, constants[task.name] ?? {}, overlay);
  }
  const { size, inputs } = raw;
  const rowTask = raw.rowSource && tasksOfRows(raw.rowSource, tasks, sources);
  return { size, inputs, targets, weights, ids, ...(rowTask === undefined ? {} : { rowTask }) };
}

/** Targets with the overlay's in place; writes to `targets` where their shape stays. */
function overlayTargets(
  task: AnyTask,
  targets: HostTensor,
  ids: Int32Array,
  overlay: OverlayTable | undefined,
): HostTensor {
  if (overlay?.targets === undefined) return targets;
  const { data, shape } = overlay.targets;
  const to: number[] = [];
  const from: number[] = [];
  ids.forEach((id, row) => {
    const found = overlay.rows.get(id);
    if (found === undefined) return;
    to.push(row);
    from.push(found);
  });
  const rowShape = shape.slice(1);
  const width = sizeOf(rowShape);
  const overlaid = { data, rowShape, width, scale: 1 };
  const above = readTargets(task, gatherRows(overlaid, from));
  // Class ids on one side and distributions on the other become distributions on both.
  const below = asDistributions(task, targets, above);
  const merged = asDistributions(task, above, targets);
  if (below.shape.at(-1) !== merged.shape.at(-1) && below.shape.length > 1) {
    throw new ShapeMismatchError(
      `The overlay of task \`${task.name}\``,
      [null, ...below.shape.slice(1)],
      shape,
      'Its rows must look like those of the data set.',
    );
  }
  const mergedWidth = below.data.length / ids.length;
  to.forEach((row, i) => {
    below.data.set(merged.data.subarray(i * mergedWidth, (i + 1) * mergedWidth), row * mergedWidth);
  });
  return below;
}

/** `targets`, one-hot where they are class ids and `like` are distributions. */
function asDistributions(task: AnyTask, targets: HostTensor, like: HostTensor): HostTensor {
  return targets.shape.length < like.shape.length ? oneHot(task, targets, like.shape.at(-1) as number) : targets;
}

/** Weights of all rows; fills the targets of those without a label with 0. */
function weigh(
  task: AnyTask,
  target: HostTensor,
  ids: Int32Array,
  sampleWeights: Float32Array | undefined,
  constants: TaskConstants,
  overlay: OverlayTable | undefined,
): Float32Array {
  const rows = ids.length;
  const width = target.data.length / rows;
  const weights = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    if (isMissing(target, row)) {
      target.data.fill(0, row * width, (row + 1) * width);
      continue;
    }
    const above = overlay?.weights && overlay.rows.get(ids[row] as number);
    const sample = above === undefined ? (sampleWeights?.[row] ?? 1) : (overlay?.weights?.[above] as number);
    const weight = sample * (task.rowWeight?.(target, row, constants) ?? 1);
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new DatasetError(
        `Weights of task \`${task.name}\` must be finite and not negative, but row ${ids[row]} has ${weight}. ` +
          'Look at its sample weight and at the class weights.',
      );
    }
    weights[row] = weight;
  }
  return weights;
}

/** Missing labels for a task whose column the batch does not have: as many as its input has rows. */
function noLabels(raw: RawBatch, task: AnyTask): HostTensor {
  const input = task.inputs?.[0] ?? Object.keys(raw.inputs)[0] ?? '';
  const rows = raw.inputs[input]?.shape[0];
  if (rows === undefined) throw new UnknownNameError('input', input, Object.keys(raw.inputs));
  const width = sizeOf(task.target.shape);
  const data =
    task.target.dtype === 'int32'
      ? new Int32Array(rows * width).fill(-1)
      : new Float32Array(rows * width).fill(Number.NaN);
  return { data, shape: [rows, ...task.target.shape] };
}

/**
 * Ids of another column with as many rows: rows have the same ids in all columns of a source. −1 where there is none.
 */
function idsOfRowsLike(raw: RawBatch, rows: number): Int32Array {
  return Object.values(raw.ids).find((ids) => ids.length === rows) ?? new Int32Array(rows).fill(-1);
}

function tasksOfRows(rowSource: Int32Array, tasks: readonly AnyTask[], sources: readonly SourceInfo[]): Int32Array {
  const names = tasks.map(({ name }) => name);
  const taskOfSource = sources.map(({ name }) => {
    if (!names.includes(name)) throw new UnknownNameError('task', name, names);
    return names.indexOf(name);
  });
  return rowSource.map((source) => {
    const task = taskOfSource[source];
    if (task !== undefined) return task;
    throw new DatasetError(`Rows of a batch come from source ${source}, but there are ${sources.length} sources.`);
  });
}

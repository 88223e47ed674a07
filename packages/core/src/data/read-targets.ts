import type { AnyTask } from '../contracts/task.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';

/** What {@link readTargets} looks at of a task. */
export type TargetSpec = Pick<AnyTask, 'name' | 'target'>;

/**
 * Labels as a task's targets, in a new array: of the task's dtype, missing ones NaN (float32) or −1 (int32).
 *
 * Shapes: labels `[rows, ...target shape]`; for class ids also distributions `[rows, ...target shape, classes]`, which
 * stay float32.
 *
 * @throws ShapeMismatchError (`POLYTASK_SHAPE_MISMATCH`) for other shapes; DatasetError (`POLYTASK_DATASET`) where
 * class ids are not whole numbers, or where int32 labels of a float32 task are below −1, which would be lost as
 * missing.
 */
export function readTargets(task: TargetSpec, labels: HostTensor): HostTensor {
  const { shape } = labels;
  const rowShape = shape.slice(1);
  const what = `Labels of task \`${task.name}\``;
  const width = sizeOf(rowShape);
  const isDistribution =
    task.target.dtype === 'int32' &&
    labels.data instanceof Float32Array &&
    rowShape.length === task.target.shape.length + 1 &&
    sameShape(rowShape.slice(0, -1), task.target.shape);
  if (isDistribution) return { data: labels.data.slice(), shape };
  if (!sameShape(rowShape, task.target.shape)) {
    throw new ShapeMismatchError(what, [null, ...task.target.shape], shape, 'Give one target per row.');
  }
  const data = task.target.dtype === 'int32' ? toIds(what, labels.data, width) : toValues(what, labels.data, width);
  return { data, shape };
}

/**
 * Class ids `[...]` as distributions `[..., classes]`: 1 at the class, NaN throughout where the label is missing.
 *
 * @throws DatasetError (`POLYTASK_DATASET`) where an id is not below `classes`.
 */
export function oneHot(task: TargetSpec, ids: HostTensor, classes: number): HostTensor {
  const data = new Float32Array(ids.data.length * classes);
  for (let i = 0; i < ids.data.length; i++) {
    const id = ids.data[i] as number;
    if (id >= classes) {
      throw new DatasetError(
        `Labels of task \`${task.name}\` must be below ${classes}, since its overlay has distributions over ` +
          `${classes} classes, but one is ${id}. Give distributions over all classes.`,
      );
    }
    if (id < 0) data.fill(Number.NaN, i * classes, (i + 1) * classes);
    else data[i * classes + id] = 1;
  }
  return { data, shape: [...ids.shape, classes] };
}

/** Whether all of a row's entries are missing. */
export function isMissing(targets: HostTensor, row: number): boolean {
  const { data, shape } = targets;
  const width = data.length / (shape[0] as number);
  const isInt = data instanceof Int32Array;
  for (let i = row * width; i < (row + 1) * width; i++) {
    const value = data[i] as number;
    if (isInt ? value >= 0 : !Number.isNaN(value)) return false;
  }
  return true;
}

function toIds(what: string, labels: HostTensor['data'], width: number): Int32Array {
  const ids = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (Number.isNaN(label) || label === -1) ids[i] = -1;
    else if (Number.isInteger(label) && label >= 0) ids[i] = label;
    else
      throw new DatasetError(
        `${what} must be whole numbers from 0, or -1 where a label is missing, but row ${Math.floor(i / width)} of a batch has ${label}.`,
      );
  }
  return ids;
}

function toValues(what: string, labels: HostTensor['data'], width: number): Float32Array {
  if (labels instanceof Float32Array) return labels.slice();
  const values = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (label < -1) {
      throw new DatasetError(
        `${what} are numbers, but in an int32 column negative ones mean "no label", and ` +
          `row ${Math.floor(i / width)} of a batch has ${label}. Pass a Float32Array, with NaN where a label is missing.`,
      );
    }
    values[i] = label < 0 ? Number.NaN : label;
  }
  return values;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}

/** Class ids of targets that may be distributions: the most probable class, the first of several; -1 where there is no label. */
export function classIds(task: TargetSpec, targets: HostTensor): HostTensor {
  const { data, shape } = targets;
  if (task.target.dtype !== 'int32' || data instanceof Int32Array) return targets;
  const classes = shape.at(-1) as number;
  const ids = new Int32Array(data.length / classes).fill(-1);
  for (let row = 0; row < ids.length; row++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      const probability = data[row * classes + c] as number;
      if (!(probability > best)) continue;
      best = probability;
      ids[row] = c;
    }
  }
  return { data: ids, shape: shape.slice(0, -1) };
}

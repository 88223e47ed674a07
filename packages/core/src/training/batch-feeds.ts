import type * as tf from '@tensorflow/tfjs';
import type { Batch, TensorBatch } from '../contracts/batch.js';
import type { AnyTask } from '../contracts/task.js';
import { type HostTensor, hostTensor, type NamedTensors } from '../contracts/tensors.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';

/** Indices of the tasks that have a label in the batch. */
export function activeTasks(tasks: readonly AnyTask[], batch: Batch): number[] {
  const active: number[] = [];
  tasks.forEach((task, k) => {
    if (batch.weights[task.name]?.some((weight) => weight > 0)) active.push(k);
  });
  return active;
}

/** What a task's mean loss is multiplied by: its weight; under `'labelled-share'` the share of rows that have a label. */
export function taskFactor({ weight = 1 }: Pick<AnyTask, 'weight'>, labelled: number, rows: number): number {
  return weight === 'labelled-share' ? labelled / rows : weight;
}

/** What a task has of labels: the sum of its weights, and in how many rows. */
export function labelsOf(weights: ArrayLike<number>): { readonly sum: number; readonly labelled: number } {
  let sum = 0;
  let labelled = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i] as number;
    if ((weights[i] as number) > 0) labelled += 1;
  }
  return { sum, labelled };
}

/**
 * A batch as feeds of a program. `share/<task>` is every row's share of its task's loss, weight / Σ weights times
 * {@link taskFactor}, so that inside a program a weighted mean is one product and one sum, and 0 for an absent task.
 * Of a part of a batch they are shares of the whole, and `part` is its share of the rows.
 */
export function batchFeeds(tasks: readonly AnyTask[], batch: Batch, withRows: boolean): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {};
  const { whole } = batch;
  if (whole !== undefined) feeds.part = hostTensor(batch.size / whole.size);
  for (const [name, input] of Object.entries(batch.inputs)) feeds[`input/${name}`] = input;
  for (const task of tasks) {
    const target = batch.targets[task.name];
    const weights = batch.weights[task.name];
    if (target === undefined || weights === undefined || target.shape[0] !== weights.length) {
      throw new ShapeMismatchError(
        `The batch's weights of task \`${task.name}\``,
        [target?.shape[0] ?? null],
        [weights?.length ?? 0],
        'A batch needs a target and a weight of every task for every row; a missing label has weight 0.',
      );
    }
    feeds[`target/${task.name}`] = target;
    const { sum, labelled } = whole?.labels[task.name] ?? labelsOf(weights);
    const factor = taskFactor(task, labelled, whole?.size ?? batch.size);
    const shares = new Float32Array(weights.length);
    if (sum > 0) for (let i = 0; i < shares.length; i++) shares[i] = ((weights[i] as number) / sum) * factor;
    feeds[`share/${task.name}`] = { data: shares, shape: [shares.length] };
    if (withRows) {
      feeds[`weight/${task.name}`] = { data: weights, shape: [weights.length] };
      const ids = batch.ids[task.name] ?? new Int32Array(weights.length);
      feeds[`id/${task.name}`] = { data: ids, shape: [ids.length] };
    }
  }
  if (withRows && batch.rowTask !== undefined)
    feeds['row-task'] = { data: batch.rowTask, shape: [batch.rowTask.length] };
  return feeds;
}

/** The feeds whose name begins with `prefix/`, without it. */
export function feedsUnder(prefix: string, feeds: NamedTensors): Record<string, tf.Tensor> {
  const found: Record<string, tf.Tensor> = {};
  for (const [name, tensor] of Object.entries(feeds)) {
    if (name.startsWith(`${prefix}/`)) found[name.slice(prefix.length + 1)] = tensor;
  }
  return found;
}

/** Puts `prefix/` before every name. */
export function prefixed<Value>(prefix: string, values: { readonly [name: string]: Value }): Record<string, Value> {
  const found: Record<string, Value> = {};
  for (const name of Object.keys(values)) found[`${prefix}/${name}`] = values[name] as Value;
  return found;
}

/** The batch that auxiliary terms see inside a program. */
export function tensorBatch(feeds: NamedTensors): TensorBatch {
  const rowTask = feeds['row-task'];
  return {
    inputs: feedsUnder('input', feeds),
    targets: feedsUnder('target', feeds),
    weights: feedsUnder('weight', feeds) as Record<string, tf.Tensor1D>,
    ids: feedsUnder('id', feeds) as Record<string, tf.Tensor1D>,
    ...(rowTask === undefined ? {} : { rowTask: rowTask as tf.Tensor1D }),
  };
}

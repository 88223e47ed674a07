import { choice, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Which rows of a batch a term looks at. */
export type RowChoice = 'all' | 'labelled' | 'lacking-one' | 'unlabelled';

/** The option for terms on several tasks. */
export const rowsOption = withDefault(
  choice('all', 'labelled', 'lacking-one', 'unlabelled'),
  'all',
  'Rows that count: all; those with a label of each of the tasks; with labels of some of them but not of all; or of none.',
);

/** The option for terms that look at each task by itself. */
export const ownRowsOption = withDefault(
  choice('all', 'labelled', 'unlabelled'),
  'all',
  'Rows that count for a task: all, those with a label of it, or those without.',
);

/**
 * 1 for rows that count, else 0: `[rows]`.
 *
 * @param weights Of every task `[rows]`, 0 where a row has no label.
 */
export function selectedRows(choice: RowChoice, weights: readonly tf.Tensor[]): tf.Tensor1D {
  const labelled = weights.map((one) => tf.cast(tf.greater(one, 0), 'float32'));
  const count = tf.addN(labelled);
  const is = (rows: tf.Tensor) => tf.cast(rows, 'float32') as tf.Tensor1D;
  switch (choice) {
    case 'all':
      return tf.onesLike(count) as tf.Tensor1D;
    case 'labelled':
      return is(tf.greater(count, weights.length - 0.5));
    case 'unlabelled':
      return is(tf.less(count, 0.5));
    case 'lacking-one':
      return is(tf.logicalAnd(tf.greater(count, 0.5), tf.less(count, weights.length - 0.5)));
  }
}

/** Whether any row counts, on the host: what {@link selectedRows} says in a program. */
export function anySelected(choice: RowChoice, weights: readonly ArrayLike<number>[]): boolean {
  const [first = []] = weights;
  return Array.from(first).some((_, row) => {
    const count = weights.filter((one) => (one[row] as number) > 0).length;
    return counts[choice](count, weights.length);
  });
}

/** Whether a row counts that has a label of so many of all tasks. */
const counts: { readonly [Choice in RowChoice]: (labels: number, tasks: number) => boolean } = {
  all: () => true,
  labelled: (labels, tasks) => labels === tasks,
  'lacking-one': (labels, tasks) => labels > 0 && labels < tasks,
  unlabelled: (labels) => labels === 0,
};

/** For terms that look at each task by itself: those of the tasks with a row that counts; undefined where there is none. */
export function tasksSelected(
  choice: RowChoice,
  tasks: readonly string[],
  weights: { readonly [task: string]: ArrayLike<number> },
): readonly string[] | undefined {
  const found = tasks.filter((task) => anySelected(choice, [weights[task] ?? []]));
  return found.length === 0 ? undefined : found;
}

/** The mean over the rows that count, 0 where none does. */
export function meanOver(rows: tf.Tensor, values: tf.Tensor): tf.Scalar {
  return tf.div<tf.Scalar>(tf.sum(tf.mul(values, rows)), tf.maximum(tf.sum(rows), 1));
}

/** The same for the history: NaN where no row counts, so that an epoch's mean is over the steps that have any. */
export function meanSeen(rows: tf.Tensor1D, values: tf.Tensor): tf.Tensor {
  const count = tf.sum(rows);
  return tf.where(tf.greater(count, 0), meanOver(rows, values), tf.scalar(Number.NaN));
}

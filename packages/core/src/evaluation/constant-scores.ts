import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { AnyTask, LabelColumn } from '../contracts/task.js';
import { sizeOf } from '../contracts/tensors.js';
import { collectLabels } from '../data/collect-labels.js';
import { classIds } from '../data/read-targets.js';

/** By task and metric, what {@link constantScores} found. */
export type ConstantScores = {
  readonly [task: string]: { readonly [metric: string]: number | readonly (readonly number[])[] };
};

/**
 * What the metrics of every task say where one and the same prediction is made for all rows: the mean of the training labels, or their
 * shares by class, of which the most frequent class is the prediction. A model that is not better has learned nothing from its inputs.
 *
 * @remarks Tasks whose labels cannot be read from a table (a class at every position) are left out. Sample weights count; class
 * weights do not, as in all measurements.
 * @param tasks Whose metrics are measured.
 * @param train Rows whose labels the prediction is made from.
 * @param test Rows to measure on.
 * @example
 * ```ts
 * import { constantScores, regression, tableDataset } from '@polytask/core';
 *
 * const rows = (y: number[]) => tableDataset({ inputs: { x: { data: y, shape: [y.length] } }, columns: { y } });
 * const { y } = await constantScores([regression('y')], rows([1, 3]), rows([2, 4]));
 * console.log(y?.mae); // => 1
 * ```
 */
export async function constantScores(
  tasks: readonly AnyTask[],
  train: MultiTaskDataset,
  test: MultiTaskDataset,
): Promise<ConstantScores> {
  const found: [string, ConstantScores[string]][] = [];
  for (const task of tasks) {
    if (task.label === undefined) continue;
    const prediction = meanLabel(task, await collectLabels(train, task));
    const { targets, weights } = await collectLabels(test, task);
    const rows = weights.length;
    const data = Float32Array.from(
      { length: rows * prediction.length },
      (_, i) => prediction[i % prediction.length] as number,
    );
    const wide = task.target.dtype === 'int32' || task.target.shape.length > 0;
    const predictions = { data, shape: wide ? [rows, prediction.length] : [rows] };
    const measured = task.metrics.map((metric) => {
      const running = metric.start();
      running.update({ predictions, targets: classIds(task, targets), weights });
      return [metric.name, running.result()] as const;
    });
    found.push([task.name, Object.fromEntries(measured)]);
  }
  return Object.fromEntries(found);
}

/** The weighed mean of labels, entry by entry; of class ids as if they were one-hot. NaN without labels. */
function meanLabel(task: AnyTask, { targets, weights }: LabelColumn): number[] {
  const { data, shape } = targets;
  const isIds = data instanceof Int32Array;
  const outputs = Object.values(task.outputs)[0] ?? [];
  const width = isIds ? (outputs.at(-1) ?? 1) : sizeOf(shape.slice(1));
  const sums = new Float64Array(width);
  const totals = new Float64Array(width);
  weights.forEach((weight, row) => {
    for (let i = 0; i < width; i++) {
      const value = isIds ? Number(data[row] === i) : (data[row * width + i] as number);
      if (Number.isNaN(value)) continue;
      sums[i] = (sums[i] as number) + weight * value;
      totals[i] = (totals[i] as number) + weight;
    }
  });
  return Array.from(sums, (sum, i) => sum / (totals[i] as number));
}

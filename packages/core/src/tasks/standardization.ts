import type { LabelColumn, TaskConstants } from '../contracts/task.js';
import { LabelError } from '../errors/label-error.js';
import { noLabels } from './class-labels.js';

/**
 * Weighted mean and population standard deviation of every column of regression targets, in one pass (West's form of Welford's
 * recurrence, in float64). Entries that are NaN are left out.
 *
 * Shapes: targets [rows] or [rows, width] → `mean` and `standardDeviation` [width], or numbers where the width is 1.
 *
 * @throws `POLYTASK_LABELS` for a column without a label, for an infinite label, and, where `spreadNeeded`, for a column whose
 * labels are all the same up to rounding to float32.
 * @see D. H. D. West, "Updating Mean and Variance Estimates: An Improved Method", Communications of the ACM 22, 1979.
 */
export function standardization(
  task: string,
  width: number,
  { targets, weights }: LabelColumn,
  spreadNeeded: boolean,
): TaskConstants {
  const sum = new Float64Array(width);
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  targets.data.forEach((value, i) => {
    const column = i % width;
    const row = (i - column) / width;
    const weight = weights[row] as number;
    if (Number.isNaN(value) || !(weight > 0)) return;
    if (!Number.isFinite(value)) {
      throw new LabelError(
        task,
        `row ${row} has the label ${value}`,
        'Labels must be finite; NaN stands for a missing one.',
      );
    }
    sum[column] = (sum[column] as number) + weight;
    const step = value - (mean[column] as number);
    mean[column] = (mean[column] as number) + step * (weight / (sum[column] as number));
    squares[column] = (squares[column] as number) + weight * step * (value - (mean[column] as number));
  });
  const standardDeviation = Array.from(squares, (square, column) => Math.sqrt(square / (sum[column] as number)));
  for (let column = 0; column < width; column++) {
    if (sum[column] === 0) throw noLabels(task);
    const resolution = 1e-7 * Math.abs(mean[column] as number);
    if (spreadNeeded && !((standardDeviation[column] as number) > resolution)) {
      const which = width === 1 ? 'every training label' : `column ${column} of every training label`;
      const problem = `${which} is ${mean[column]}, so that there is nothing to learn and nothing to standardise by`;
      throw new LabelError(
        task,
        problem,
        'Check `column`, leave the task out, or set `standardize` to false.',
        'standardize',
      );
    }
  }
  if (width === 1) return { mean: mean[0] as number, standardDeviation: standardDeviation[0] as number };
  return { mean: Array.from(mean), standardDeviation };
}

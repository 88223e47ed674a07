import type { InputSpec, InputSpecs } from '../../contracts/batch.js';
import type { MultiTaskDataset } from '../../contracts/dataset.js';
import type { AnyTask } from '../../contracts/task.js';
import { type HostTensor, sizeOf } from '../../contracts/tensors.js';
import { perTaskDatasets } from '../../data/per-task-datasets.js';
import { tableDataset } from '../../data/table-dataset.js';
import { uniformFloats } from '../../random/uniform-stream.js';

/**
 * Rows in batches of the same length: in the first all tasks have labels (the third only some), in the second the second has none, in
 * the third only the first has any, in a fourth none has. Where tasks have data sets of their own, each has all its labels.
 */
export function trialData(
  tasks: readonly AnyTask[],
  inputs: InputSpecs,
  perTaskData: boolean,
  { count, rowsPerBatch }: { readonly count: number; readonly rowsPerBatch: number },
): MultiTaskDataset {
  const rows = count * rowsPerBatch;
  const read = (seed: string) =>
    Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, inputRows(spec, rows, seed)]));
  const missing = (task: number, row: number) => {
    const batch = Math.floor(row / rowsPerBatch);
    return [task === 2 && row % 2 === 1, task === 1, task > 0][batch] ?? true;
  };
  const labels = (task: AnyTask, i: number) =>
    labelsOf(task, i, uniformFloats(rows, 'trial', 'labels', i), (row) => !perTaskData && missing(i, row));
  if (!perTaskData) {
    const columns = Object.fromEntries(tasks.map((task, i) => [task.name, labels(task, i)]));
    return tableDataset({ inputs: read('all'), columns });
  }
  return perTaskDatasets(
    Object.fromEntries(
      tasks.map((task, i) => {
        const { name } = task;
        return [name, tableDataset({ inputs: read(name), columns: { [name]: labels(task, i) } })];
      }),
    ),
  );
}

/** A class, 0 or 1, or a number about 1 and −1 by turns, from uniform numbers. */
function labelsOf(
  { target, outputs, problem }: AnyTask,
  index: number,
  uniform: Float32Array,
  missing: (row: number) => boolean,
): Float32Array | Int32Array {
  if (target.dtype === 'int32') {
    const classes = Object.values(outputs)[0]?.at(-1) ?? 2;
    return Int32Array.from(uniform, (value, row) => (missing(row) ? -1 : Math.floor(value * classes)));
  }
  const labelOf = (value: number) =>
    problem === 'classification' ? Math.round(value) : (index % 2 === 0 ? 1 : -1) + value;
  return uniform.map((value, row) => (missing(row) ? Number.NaN : labelOf(value)));
}

/** Numbers in [−1, 1), or category ids. */
export function inputRows({ shape, dtype, categories }: InputSpec, rows: number, seed: string): HostTensor {
  const width = sizeOf(shape);
  const uniform = uniformFloats(rows * width, 'trial', 'inputs', seed);
  const whole = [rows, ...shape];
  if (dtype === 'float32') return { data: uniform.map((value) => 2 * value - 1), shape: whole };
  const ids = uniform.map((value, i) => Math.floor(value * (categories?.[i % width] ?? 2)));
  return { data: Int32Array.from(ids), shape: whole };
}

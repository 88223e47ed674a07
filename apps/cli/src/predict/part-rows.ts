import type { AnyTask, HostTensor, MultiTaskDataset, RawBatch, Trainer } from '@polytask/core';
import { type InspectedColumns, nothingInspected } from './inspected-columns.js';
import { type Cell, type PredictionColumns, predictionColumns } from './prediction-columns.js';

/** Rows predicted at once. */
const blockSize = 1024;

/** Rows of a run with their labels and predictions, for who looks at single rows or measures with something else. */
export interface PartRows {
  readonly names: readonly string[];
  /** Block by block. */
  rows(): AsyncGenerator<readonly (readonly Cell[])[]>;
}

/**
 * Rows of a part of a run: `row`, which says which one of the table it is, counted from 0; then for every task `<task>.label`, and the
 * columns of {@link predictionColumns}. A label that is missing is no value.
 *
 * @param labels - Whether labels are among the columns.
 * @param unsaid - As `predictionColumns` takes it.
 * @param inspected - What the model computes on the way, at the end. Default: none of it.
 */
export function partRows(
  trainer: Trainer<readonly AnyTask[]>,
  dataset: MultiTaskDataset,
  labels = true,
  unsaid?: ReadonlySet<string>,
  inspected: InspectedColumns = nothingInspected,
): PartRows {
  const columns = trainer.tasks.map((task) => ({
    task,
    label: labels ? labelColumns(task) : noLabels,
    predicted: predictionColumns(task, unsaid),
  }));
  return {
    names: [
      'row',
      ...columns.flatMap(({ label, predicted }) => [...label.names, ...predicted.names]),
      ...inspected.names,
    ],
    async *rows() {
      const cursor = dataset.open({ batchSize: blockSize });
      cursor.seek(0, 0);
      for (let raw = await cursor.next(); raw !== null; raw = await cursor.next()) {
        const batch = raw;
        const inputs = batch.inputs as { [input: string]: HostTensor };
        const predictions = await trainer.predict(inputs);
        const inside = await inspected.look(inputs);
        yield Array.from({ length: batch.size }, (_, row) => [
          idOf(batch, row),
          ...columns.flatMap(({ task, label, predicted }) => [
            ...label.cells(batch.columns[task.column], row),
            ...predicted.cells(predictions[task.name]?.[row]),
          ]),
          ...inside(row),
        ]);
      }
    },
  };
}

interface LabelColumns extends Pick<PredictionColumns, 'names'> {
  cells(labels: HostTensor | undefined, row: number): readonly Cell[];
}

const noLabels: LabelColumns = { names: [], cells: () => [] };

/** Labels in the user's words: one column, or one for each of several numbers or labels. */
function labelColumns({ name, type, options, target }: AnyTask): LabelColumns {
  const { classes, labels, columns } = options as { classes?: unknown; labels?: unknown; columns?: readonly string[] };
  const words =
    type === 'classification' ? classes : type === 'binary' ? (labels ?? ['negative', 'positive']) : undefined;
  const partsOf = Array.isArray(labels) && type === 'multi-label' ? (labels as readonly string[]) : columns;
  const width = target.shape.reduce((product, length) => product * length, 1);
  const value = (found: number): Cell => {
    if (Number.isNaN(found) || (type !== 'regression' && found < 0)) return null;
    return Array.isArray(words) && Number.isInteger(found) ? String(words[found]) : found;
  };
  return {
    names:
      width === 1 ? [`${name}.label`] : Array.from({ length: width }, (_, i) => `${name}.label.${partsOf?.[i] ?? i}`),
    cells: (given, row) =>
      Array.from({ length: width }, (_, i) =>
        given === undefined ? null : value(given.data[row * width + i] as number),
      ),
  };
}

function idOf({ ids }: RawBatch, row: number): Cell {
  return Object.values(ids)[0]?.[row] ?? null;
}

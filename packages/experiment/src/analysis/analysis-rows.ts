import type { LabelValues, PredictedLabels, RowsInHand, VectorLabels } from '@polytask/analysis';
import { readRows } from '@polytask/analysis';
import {
  type AnyTask,
  type HostTensor,
  type MultiTaskDataset,
  subset,
  type TableDataset,
  type Trainer,
} from '@polytask/core';

/** Rows of a data set in memory, at most a given number, evenly spread where they can be had in any order. */
export function someRows(dataset: MultiTaskDataset, most: number): Promise<RowsInHand> {
  if (dataset.size <= most || !('gather' in dataset)) return readRows(dataset, most);
  const chosen = Array.from({ length: most }, (_, n) => Math.floor((n * dataset.size) / most));
  return readRows(subset(dataset as TableDataset, chosen));
}

/** The labels of a task; undefined where they are neither classes nor numbers, such as maps of classes. */
export function labelsIn({ columns, size }: RowsInHand, task: AnyTask): LabelValues | VectorLabels | undefined {
  const { data, shape } = columns[task.column] ?? { data: new Float32Array(size).fill(Number.NaN), shape: [size] };
  if (task.label === 'vector') return { kind: 'vectors', values: rowsOf({ data, shape }) };
  if (task.label === undefined || shape.length !== 1) return undefined;
  return { kind: task.label === 'class' ? 'classes' : 'numbers', values: data };
}

/** Rows of a tensor, flattened. */
export function rowsOf({ data, shape }: HostTensor): (Float32Array | Int32Array)[] {
  const rows = shape[0] as number;
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

/** Inputs of some of the rows. */
function inputsOf({ inputs }: RowsInHand, start: number, end: number): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      const width = data.length / (shape[0] as number);
      return [name, { data: data.slice(start * width, end * width), shape: [end - start, ...shape.slice(1)] }];
    }),
  );
}

/** What the head of a task sees of each row, flattened: `[rows, D]`. */
export async function featuresIn(
  trainer: Trainer<never>,
  rows: RowsInHand,
  task: string,
  batchSize: number,
): Promise<HostTensor> {
  const parts: HostTensor[] = [];
  for (let start = 0; start < rows.size; start += batchSize) {
    const { features } = await trainer.inspect(inputsOf(rows, start, Math.min(rows.size, start + batchSize)));
    parts.push(features[task] as HostTensor);
  }
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, shape: [rows.size, data.length / rows.size] };
}

/** What a model predicts, by task. */
export async function predictionsIn(
  trainer: Trainer<never>,
  rows: RowsInHand,
  batchSize: number,
): Promise<Record<string, readonly unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (let start = 0; start < rows.size; start += batchSize) {
    const part = await trainer.predict(inputsOf(rows, start, Math.min(rows.size, start + batchSize)));
    for (const [task, predictions] of Object.entries(part as Record<string, readonly unknown[]>)) {
      found[task] = [...(found[task] ?? []), ...predictions];
    }
  }
  return found;
}

/** Labels with decoded predictions of one class or number per row; undefined for other tasks. */
export function predictedLabels(
  labels: LabelValues | VectorLabels | undefined,
  predictions: readonly unknown[],
): PredictedLabels | undefined {
  if (labels === undefined || labels.kind === 'vectors') return undefined;
  if (labels.kind === 'numbers') return { ...labels, predictions: predictions as readonly number[] };
  const probabilities = predictions.map((prediction) => {
    const { probabilities: all, probability } = prediction as { probabilities?: number[]; probability: number };
    return all ?? [1 - probability, probability];
  });
  return { ...labels, predictions: probabilities };
}

/** The most probable class of each row, or the number that is predicted. */
export function answersOf({ kind, predictions }: PredictedLabels): LabelValues {
  if (kind === 'numbers') return { kind, values: predictions as ArrayLike<number> };
  const classes = Array.from(predictions as ArrayLike<ArrayLike<number>>, (row) => {
    const all = Array.from(row);
    return all.indexOf(Math.max(...all));
  });
  return { kind, values: classes };
}

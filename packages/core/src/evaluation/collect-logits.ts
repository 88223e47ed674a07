import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { AnyTask } from '../contracts/task.js';
import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import { labelBatch } from '../data/label-batch.js';
import type { Inspection } from './evaluate.js';

/** Logits of a task for all rows of a data set, with what they should have said. */
export interface Logits {
  /** Whether a row's logits are of classes of which one is right, or of as many yeses and noes. */
  readonly isSoftmax: boolean;
  readonly rows: number;
  readonly width: number;
  /** `[rows × width]` */
  readonly values: readonly number[];
  /** `[rows × width]`: probabilities; NaN or negative where an answer is not known. */
  readonly targets: readonly number[];
  /** `[rows]`, 0 without a label. */
  readonly weights: readonly number[];
}

/** The logits of tasks that say which output these are. */
export async function collectLogits(
  trainer: { inspect(inputs: { readonly [input: string]: HostTensor }): Promise<Inspection> },
  tasks: readonly AnyTask[],
  dataset: MultiTaskDataset,
  batchSize: number,
): Promise<{ readonly [task: string]: Logits }> {
  const gathered = tasks.map(() => ({ values: [] as number[], targets: [] as number[], weights: [] as number[] }));
  // Class weights shape training; probabilities are of the rows as they are.
  const plain = tasks.map(({ rowWeight: _, ...task }) => task as AnyTask);
  const cursor = dataset.open({ batchSize });
  cursor.seek(0, 0);
  for (let raw = await cursor.next(); raw !== null; raw = await cursor.next()) {
    const { inputs, targets, weights } = labelBatch(raw, plain, {}, undefined, dataset.sources);
    const { outputs } = await trainer.inspect(inputs);
    tasks.forEach((task, k) => {
      const into = gathered[k] as (typeof gathered)[number];
      const ofTask = outputs[task.name] as { readonly [output: string]: HostTensor };
      const { data } = ofTask[task.calibrates as string] as HostTensor;
      for (const value of data) into.values.push(value);
      for (const weight of weights[task.name] ?? []) into.weights.push(weight);
      pushTargets(into.targets, targets[task.name] as HostTensor, data.length);
    });
  }
  return Object.fromEntries(
    tasks.map((task, k) => {
      const { values, targets, weights } = gathered[k] as (typeof gathered)[number];
      const width = sizeOf(task.outputs[task.calibrates as string] as readonly number[]);
      return [
        task.name,
        { isSoftmax: task.target.dtype === 'int32', rows: weights.length, width, values, targets, weights },
      ];
    }),
  );
}

/** Class ids as one-hot rows, everything else as it is. */
function pushTargets(into: number[], { data, shape }: HostTensor, size: number): void {
  const rows = shape[0] as number;
  if (data.length === size) {
    for (const value of data) into.push(value);
    return;
  }
  const width = size / rows;
  for (let row = 0; row < rows; row++) for (let c = 0; c < width; c++) into.push(data[row] === c ? 1 : 0);
}

/** Probabilities `[rows × width]` of logits over a temperature. */
export function probabilitiesOf({ isSoftmax, rows, width, values }: Logits, temperature: number): Float64Array {
  const found = new Float64Array(values.length);
  if (!isSoftmax) {
    values.forEach((value, i) => {
      found[i] = 1 / (1 + Math.exp(-value / temperature));
    });
    return found;
  }
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    let most = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < width; c++) most = Math.max(most, values[at + c] as number);
    let sum = 0;
    for (let c = 0; c < width; c++) {
      found[at + c] = Math.exp(((values[at + c] as number) - most) / temperature);
      sum += found[at + c] as number;
    }
    for (let c = 0; c < width; c++) found[at + c] = (found[at + c] as number) / sum;
  }
  return found;
}

import {
  type AnyTask,
  type HostTensor,
  type MultiTaskDataset,
  permutation,
  type Trainer,
  UnknownNameError,
  uniformStream,
} from '@polytask/core';
import { taskMatrix } from '../numbers/matrices.js';
import { correlation } from '../numbers/statistics.js';
import { readRows } from './read-rows.js';

/** How {@link permutationImportance} measures. */
export interface PermutationImportanceOptions {
  /** How often every column is shuffled. Default 1. */
  readonly repeats?: number;
  /** How many rows of the data set at most. Default 1000. */
  readonly rows?: number;
  /** Default 0. */
  readonly seed?: number;
  /** What is shuffled. Default: every entry of inputs that are lists, and other inputs whole. */
  readonly columns?: readonly ShuffledColumn[];
}

/** Entries of inputs that belong together, such as those of a category's one-hot code: they are shuffled as one. */
export interface ShuffledColumn {
  readonly name: string;
  /** By input, places in a row of it. */
  readonly entries: { readonly [input: string]: readonly number[] };
}

/** What {@link permutationImportance} finds. */
export interface PermutationImportance {
  /** What was shuffled; where no columns are given, `input` or, of an input that is a list, `input[n]`. */
  readonly columns: readonly string[];
  /** Row: a task; column: by how much its loss rises, relative to what it is, when this is shuffled among rows. */
  readonly importance: readonly (readonly number[])[];
  /** How alike the importances of two tasks are: their correlation `[K][K]`; NaN where a task uses nothing. */
  readonly overlap: readonly (readonly number[])[];
}

/**
 * What every task needs of the inputs: by how much its loss rises when one column of the inputs is shuffled among rows.
 *
 * $$ I_{tc} = \frac{L_t(X \text{ with column } c \text{ shuffled}) - L_t(X)}{L_t(X)} $$
 *
 * Shapes: a trained model of K tasks and a data set → `[K][columns]`, and the correlations between its rows `[K][K]`.
 *
 * @remarks Every column costs a pass over the rows. Columns that say the same stand in for each other, so that neither looks important.
 * Inputs of more than one axis, such as images, are shuffled as a whole. Losses of 0 give NaN.
 * @throws `POLYTASK_DATASET` where tasks have data sets of their own; `POLYTASK_UNKNOWN_NAME` for inputs that there are not.
 * @see L. Breiman, "Random forests", Machine Learning 45, 2001.
 * @example
 * ```ts
 * import { permutationImportance } from '@polytask/analysis';
 * import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * // The label is the first column; the second is always the same.
 * const rows = Float32Array.from({ length: 64 }, (_, n) => (n % 2 === 0 ? (n % 16) - 8 : 1));
 * const label = Float32Array.from({ length: 32 }, (_, n) => rows[2 * n] ?? 0);
 * const data = tableDataset({ inputs: { x: { data: rows, shape: [32, 2] } }, columns: { y: label } });
 * const trainer = await createTrainer({ tasks: [regression('y')], sharing: hardSharing({ encoder: mlp([4]) }) });
 * await trainer.fit(data, { epochs: 1, batchSize: 8 });
 * const { columns, importance } = await permutationImportance(trainer, data);
 * console.log(columns, importance[0]?.[1]); // => [ 'x[0]', 'x[1]' ] 0
 * trainer.dispose();
 * ```
 */
export async function permutationImportance<Tasks extends readonly AnyTask[]>(
  trainer: Pick<Trainer<Tasks>, 'tasks' | 'evaluate'>,
  dataset: MultiTaskDataset,
  options: PermutationImportanceOptions = {},
): Promise<PermutationImportance> {
  const { repeats = 1, rows: most = 1000, seed = 0 } = options;
  const rows = await readRows(dataset, most);
  const losses = async (data: MultiTaskDataset) => {
    const { tasks } = await trainer.evaluate(data);
    return trainer.tasks.map(({ name }) => (tasks as Record<string, { loss: number }>)[name]?.loss as number);
  };
  const before = await losses(rows.dataset());
  const columns = options.columns ?? everyEntry(rows.inputs);
  const importance = trainer.tasks.map(() => columns.map(() => 0));
  for (const [c, { name, entries }] of columns.entries()) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const order = permutation(rows.size, uniformStream(seed, 'importance', name, repeat));
      const shuffled = Object.entries(entries).map(([input, places]) => {
        if (!Object.hasOwn(rows.inputs, input)) throw new UnknownNameError('input', input, Object.keys(rows.inputs));
        return [input, shuffle(rows.inputs[input] as HostTensor, places, order)] as const;
      });
      const after = await losses(rows.dataset(Object.fromEntries(shuffled)));
      after.forEach((loss, task) => {
        const row = importance[task] as number[];
        row[c] = (row[c] as number) + (loss - (before[task] as number)) / (before[task] as number) / repeats;
      });
    }
  }
  const overlap = taskMatrix(importance.length, (i, j) =>
    correlation(importance[i] as number[], importance[j] as number[]),
  );
  return { columns: columns.map(({ name }) => name), importance, overlap };
}

function everyEntry(inputs: { readonly [input: string]: HostTensor }): ShuffledColumn[] {
  return Object.entries(inputs).flatMap(([input, { data, shape }]) => {
    const width = data.length / (shape[0] as number);
    const places = Array.from({ length: width }, (_, place) => place);
    if (shape.length !== 2) return [{ name: input, entries: { [input]: places } }];
    return places.map((place) => ({ name: `${input}[${place}]`, entries: { [input]: [place] } }));
  });
}

/** An input with some of its entries in other rows. */
function shuffle({ data, shape }: HostTensor, places: readonly number[], order: Uint32Array): HostTensor {
  const width = data.length / order.length;
  const shuffled = data.slice();
  order.forEach((from, to) => {
    for (const place of places) shuffled[to * width + place] = data[from * width + place] as number;
  });
  return { data: shuffled, shape };
}

import {
  type AnyTask,
  createTrainer,
  type FitOptions,
  type MultiTaskDataset,
  perTaskDatasets,
  regression,
  type StepEvent,
  type TrainerOptions,
  tableDataset,
  uniformFloats,
} from '@polytask/core';

/** Regressions whose losses are plain mean squared errors. */
export const tasksOf = (...names: string[]) => names.map((name) => regression(name, { standardize: false }));

/**
 * A data set for each task, of so many rows of an input `x` `[3]` whose first number lies higher from task to task.
 *
 * @param labelled - How many of a task's rows have a label, the first ones. Default all.
 */
export function dataOf(
  rows: { readonly [task: string]: number },
  labelled = Number.POSITIVE_INFINITY,
): MultiTaskDataset {
  const sets = Object.entries(rows).map(([task, count], at) => {
    const x = uniformFloats(count * 3, 'runs', 'x', task).map((value, i) => 2 * value - 1 + (i % 3 === 0 ? at : 0));
    const y = Float32Array.from({ length: count }, (_, i) =>
      i < labelled ? (x[3 * i + 1] as number) - (x[3 * i + 2] as number) : Number.NaN,
    );
    return [task, tableDataset({ inputs: { x: { data: x, shape: [count, 3] } }, columns: { [task]: y } })] as const;
  });
  return perTaskDatasets(Object.fromEntries(sets) as never);
}

/** Trains, and gives all variables by path and the events of steps. */
export async function trained(options: TrainerOptions<readonly AnyTask[]>, data: MultiTaskDataset, fit: FitOptions) {
  const events: StepEvent[] = [];
  const trainer = await createTrainer(options);
  try {
    await trainer.fit(data, { shuffle: false, ...fit, callbacks: [{ stepEnd: (event) => void events.push(event) }] });
    const values: Record<string, number[]> = {};
    for (const { path } of trainer.parameters?.layout.segments ?? []) {
      values[path] = Array.from((await trainer.parameters?.read(path))?.data ?? []);
    }
    const { logged = {}, skipped = 0 } = trainer.history ?? {};
    return { values, events, logged, skipped };
  } finally {
    trainer.dispose();
  }
}

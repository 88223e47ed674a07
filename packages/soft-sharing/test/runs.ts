import {
  type AnyTask,
  createTrainer,
  type FitOptions,
  type MultiTaskDataset,
  regression,
  type StepEvent,
  type Trainer,
  type TrainerOptions,
  tableDataset,
  uniformFloats,
} from '@polytask/core';

/** Regressions whose losses are plain mean squared errors. */
export const tasksOf = (...names: string[]) => names.map((name) => regression(name, { standardize: false }));

/** Rows of an input `x` `[4]`, and a target of its own for each task. */
export function tableOf(names: readonly string[], rows = 12) {
  const numbers = (size: number, key: string) => uniformFloats(size, 'runs', key).map((value) => 2 * value - 1);
  return tableDataset({
    inputs: { x: { data: numbers(rows * 4, 'x'), shape: [rows, 4] } },
    columns: Object.fromEntries(names.map((name) => [name, numbers(rows, name)])),
  });
}

/** Trains, and gives all variables by path, the events of steps, and what `look` makes of the trainer. */
export async function trained<Seen>(
  options: TrainerOptions<readonly AnyTask[]>,
  data: MultiTaskDataset,
  fit: FitOptions,
  look?: (trainer: Trainer<readonly AnyTask[]>) => Seen | Promise<Seen>,
) {
  const events: StepEvent[] = [];
  const trainer = await createTrainer(options);
  try {
    await trainer.fit(data, { shuffle: false, ...fit, callbacks: [{ stepEnd: (event) => void events.push(event) }] });
    const values: Record<string, number[]> = {};
    for (const { path } of trainer.parameters?.layout.segments ?? []) {
      values[path] = Array.from((await trainer.parameters?.read(path))?.data ?? []);
    }
    return { values, events, seen: await look?.(trainer) };
  } finally {
    trainer.dispose();
  }
}

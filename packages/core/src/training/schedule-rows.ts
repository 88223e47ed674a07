import type { MultiTaskDataset } from '../contracts/dataset.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { uniformStream } from '../random/uniform-stream.js';
import { type Run, stepInfo } from './run.js';

/** The run's schedule as the data set asks it: it speaks of tasks in their order, the data set of its sources. */
export function scheduleRows(
  run: Run,
  train: MultiTaskDataset,
  batchSize: number,
): (() => readonly number[]) | undefined {
  const { schedule: description, tasks, seed } = run.description;
  if (description === undefined) return undefined;
  const names = tasks.map(({ name }) => name);
  const sources = tasks.map((task) =>
    train.sources.findIndex(({ name }) => name === task.name || name === task.column),
  );
  if (train.sources.length !== tasks.length || sources.includes(-1) || new Set(sources).size < tasks.length) {
    throw new PolytaskError(
      'POLYTASK_NO_SOURCES',
      `Schedule \`${description.name}\` chooses rows of each task's own data set, so there must be one per task ` +
        `(${names.join(', ')}); the training data has ${train.sources.map(({ name }) => name).join(', ')}. ` +
        'Join data sets with `perTaskDatasets`.',
    );
  }
  if (run.schedule === undefined) {
    run.schedule = description.bind({
      tasks: names,
      definitions: tasks,
      primary: run.description.primary,
      groups: run.description.groups ?? {},
      sizes: sources.map((source) => train.sources[source]?.rows as number),
      batchSize,
      uniform: (step) => uniformStream(seed, 'schedule', description.name, step),
    });
    if (run.scheduleState !== undefined) run.schedule.loadState?.(run.scheduleState);
  }
  const { schedule } = run;
  return () => {
    const rows = schedule.rows(stepInfo(run));
    return train.sources.map((_, source) => rows[sources.indexOf(source)] as number);
  };
}

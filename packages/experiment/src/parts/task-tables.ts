import { byTask, mapping, type OptionsOf, required } from '@polytask/core';
import { loadTaskTables, TableError, type TaskTablesOptions } from '@polytask/data/node';
import { didYouMean } from '../config/explain-issues.js';
import type { LoadedData } from './loaded-data.js';

import type { BuildContext } from './part-table.js';
import { measuredRows, rowOptions, rowsOptions, sourceIn, sourceOptions } from './table-data.js';
import { drawTrainingRows } from './training-rows.js';

/** Options of a table per task. */
export const taskTablesOptions = {
  tables: required(
    byTask(mapping(sourceOptions, '{ source, sql, csv }'), 'tables'),
    "By task: where its rows come from. A task's label is looked for in its own table only.",
  ),
  ...rowsOptions,
};

/** Loads a table for every task; training rows stay apart, and are mixed in every batch. */
export async function taskTables(
  options: OptionsOf<typeof taskTablesOptions>,
  context: BuildContext,
): Promise<LoadedData> {
  const { tables, sampling, mixing = null, weight, cache, pieces, only, ...rest } = options;
  const { folder, labels = [], split = {}, columns = {}, signal } = context;
  const tasks = Object.keys(columns);
  for (const name of Object.keys(tables)) {
    if (tasks.includes(name)) continue;
    throw new TableError(
      ['tables', name],
      `there is no task \`${name}\`; expected one of ${tasks.join(', ')}${didYouMean(name, tasks)}`,
    );
  }
  const entries = tasks.map((task) => {
    const table = tables[task];
    const label = labels.find(({ column }) => column === columns[task]);
    if (table !== undefined && label !== undefined)
      return [task, { ...table, source: sourceIn(table.source, folder), label }];
    throw new TableError(['tables'], `every task must have a table, but there is none for \`${task}\``);
  });
  const loaded = await loadTaskTables({
    ...rest,
    refine: only !== true,
    ...(context.encoding === undefined ? {} : { encoding: context.encoding }),
    signal,
    ...rowOptions({ weight, cache, pieces } as never, context),
    tables: Object.fromEntries(entries),
    split,
  } as TaskTablesOptions);
  return {
    ...(await drawTrainingRows(loaded.train, { sampling, mixing } as never, columns)),
    ...measuredRows(loaded),
  };
}

import { type AnyTask, meanOverTasks, type Scores } from '@polytask/core';
import type { TaskSummary } from '@polytask/experiment';
import type { Colors } from '../io.js';
import { formatValue } from './format.js';
import { plainTable, withDirection } from './table.js';

/** Metrics of a model, by task. */
export type TaskMetrics = { readonly [task: string]: { readonly [metric: string]: unknown } };

/** Metrics in the units of what is predicted. */
const withUnit: readonly string[] = ['rmse', 'mae'];

/**
 * The mean over the tasks of every metric that at least two of them have and that can be ranked; of metrics in the units of what is
 * predicted only where the tasks name one unit and the same.
 */
export function meansOf(scores: Scores['tasks'], tasks: readonly AnyTask[]): { readonly [metric: string]: number } {
  const values = scores as TaskMetrics;
  const metrics = new Set(
    tasks.flatMap((task) => task.metrics.filter(({ better }) => better !== 'none')).map(({ name }) => name),
  );
  return Object.fromEntries(
    [...metrics].flatMap((metric) => {
      const having = tasks.filter(({ name }) => typeof values[name]?.[metric] === 'number');
      const units = new Set(having.map(({ options }) => (options as { unit?: unknown }).unit));
      const comparable = !withUnit.includes(metric) || (units.size === 1 && !units.has(undefined));
      return having.length > 1 && comparable ? [[metric, meanOverTasks(values as never, metric)]] : [];
    }),
  );
}

/** A row per task with all that was measured, and the means. */
export function scoresTable(
  scores: TaskMetrics,
  means: { readonly [metric: string]: number },
  tasks: readonly TaskSummary[],
  colors: Colors,
): string {
  const metrics = [...new Set(tasks.flatMap(({ better }) => Object.keys(better)))].filter(
    (metric) => metric !== 'loss',
  );
  const head = ['task', 'rows', ...metrics.map((metric) => withDirection(metric, tasks)), 'loss ↓'];
  const cells = (values: { readonly [metric: string]: unknown }, names: readonly string[]) =>
    names.map((name) => (Object.hasOwn(values, name) ? formatValue(values[name]) : ''));
  const rows = tasks.map(({ name }) => {
    const values = scores[name] ?? {};
    return [name, String(values.rows), ...cells(values, metrics), ...cells(values, ['loss'])];
  });
  const mean = Object.keys(means).length === 0 ? [] : [['mean', '', ...cells(means, metrics), '']];
  return plainTable(
    head.map((title) => colors.dim(title)),
    [...rows, ...mean.map((row) => row.map((cell) => colors.bold(cell)))],
  ).join('\n');
}

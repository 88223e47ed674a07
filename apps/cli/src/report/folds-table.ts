import type { RunDocument } from '@polytask/experiment';
import type { Colors } from '../io.js';
import { counted, formatSeconds, formatSpread } from './format.js';
import { metricColumns, plainTable, withDirection } from './table.js';

/** What the folds of a run give together: a row per task, each metric as its mean and spread over the folds that are done. */
export function foldsTable(
  { tasks, overFolds = {}, folds = [], config, seconds }: RunDocument,
  colors: Colors,
): string {
  const metrics = metricColumns(tasks);
  const rows = tasks.map(({ name }) => [
    name,
    ...metrics.map((metric) => {
      const found = overFolds[name]?.[metric];
      return found === undefined ? '' : formatSpread(found);
    }),
  ]);
  const head = ['task', ...metrics.map((metric) => withDirection(metric, tasks))];
  const all = config.split.folds ?? folds.length;
  const which = folds.length === all ? counted(all, 'fold') : `${folds.length} of ${counted(all, 'fold')}`;
  return [
    ...plainTable(
      head.map((title) => colors.dim(title)),
      rows,
    ),
    '',
    `Means and standard deviations over ${which}, each measured on rows that its network has not seen.`,
    'Every fold has a model in a folder of its own; one that learns from all rows: `split: { test: 0 }`.',
    ...(seconds === undefined ? [] : [`All folds: ${formatSeconds(seconds)}`]),
  ].join('\n');
}

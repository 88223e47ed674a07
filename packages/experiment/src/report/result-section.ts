import type { Section } from './page.js';
import { measured, type ReportedRun, taskNames } from './reported-run.js';

/** What every task reached on the test rows, run by run. */
export function resultSection(runs: readonly ReportedRun[]): Section {
  const several = runs.length > 1;
  const compared = runs.some(({ document }) => document.singleTask !== undefined);
  const rows = taskNames(runs).flatMap((name) =>
    runs.flatMap((run) => {
      const { document } = run;
      const task = document.tasks.find((one) => one.name === name);
      if (task === undefined) return [];
      const { primaryMetric: metric, better } = task;
      const together = document.overSeeds?.joint[name]?.[metric];
      const alone = document.overSeeds?.singleTask?.[name]?.[metric];
      const values = document.joint?.tasks?.[name] ?? {};
      const others = Object.keys(better)
        .filter((other) => other !== metric)
        .map((other) => `${other} ${measured(document.overSeeds?.joint[name]?.[other]?.mean ?? values[other])}`);
      return [
        [
          name,
          ...(several ? [run.name] : []),
          `${metric} ${better[metric] === 'lower' ? '↓' : '↑'}`,
          measured(together?.mean ?? values[metric], together?.spread),
          measured(document.baseline?.[name]?.[metric]),
          ...(compared
            ? [measured(alone?.mean ?? document.singleTask?.[name]?.tasks?.[name]?.[metric], alone?.spread)]
            : []),
          Number(values.rows ?? 0),
          others.join(', '),
        ],
      ];
    }),
  );
  const head = [
    'task',
    ...(several ? ['run'] : []),
    'metric',
    'together',
    'baseline',
    ...(compared ? ['alone'] : []),
    'test rows',
    'further',
  ];
  const unfinished = runs.filter(({ document }) => document.status !== 'done');
  return {
    title: 'Results',
    notes: [
      'Measured on the test rows. Baseline: one prediction for all rows, the mean or the most frequent class of the training labels.' +
        (compared ? ' Alone: a network of the same kind for this task only.' : ''),
      ...unfinished.map(
        ({ name, document }) => `${name} is not finished (${document.status}): what it has so far is shown.`,
      ),
    ],
    tables: [{ head, rows }],
  };
}

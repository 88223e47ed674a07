import { coLabelledRows, labelDependence, type RowsInHand } from '@polytask/analysis';
import type { AnyTask } from '@polytask/core';
import type { AnalysisDocument } from './analysis-document.js';
import { labelsIn } from './analysis-rows.js';
import { type FoundOfPairs, ofPairs } from './pairs-of.js';

type Labels = NonNullable<AnalysisDocument['labels']>;

/** What the labels of the training rows say, before anything is trained. */
export async function analyzeLabels(
  tasks: readonly AnyTask[],
  rows: RowsInHand,
  seed: number,
  goesOn: () => boolean,
): Promise<Labels & Pick<FoundOfPairs<unknown>, 'complete'>> {
  const labels = tasks.map((task) => labelsIn(rows, task));
  const present = labels.map((column) => {
    if (column === undefined) return { kind: 'numbers', values: new Float32Array(rows.size).fill(Number.NaN) } as const;
    if (column.kind !== 'vectors') return column;
    const values = Array.from(column.values, (row) => Array.from(row).find(Number.isFinite) ?? Number.NaN);
    return { kind: 'numbers', values } as const;
  });
  return {
    rows: rows.size,
    coLabelled: coLabelledRows(present),
    ...(await ofPairs(tasks, goesOn, (i, j) => {
      const [a, b] = [labels[i], labels[j]];
      if (a === undefined || b === undefined) return [];
      const tasksOfPair: [string, string] = [(tasks[i] as AnyTask).name, (tasks[j] as AnyTask).name];
      return [{ tasks: tasksOfPair, ...labelDependence(a, b, { seed }) }];
    })),
  };
}

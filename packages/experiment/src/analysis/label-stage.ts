import { coLabelledRows, labelDependence, type RowsInHand } from '@polytask/analysis';
import type { AnyTask } from '@polytask/core';
import type { AnalysisDocument } from './analysis-document.js';
import { labelsIn } from './analysis-rows.js';
import { pairsOf } from './pairs-of.js';

/** What the labels of the training rows say, before anything is trained. */
export function analyzeLabels(tasks: readonly AnyTask[], rows: RowsInHand, seed: number): AnalysisDocument['labels'] {
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
    pairs: pairsOf(tasks).flatMap(([i, j]) => {
      const [a, b] = [labels[i], labels[j]];
      if (a === undefined || b === undefined) return [];
      const tasksOfPair: [string, string] = [(tasks[i] as AnyTask).name, (tasks[j] as AnyTask).name];
      return [{ tasks: tasksOfPair, ...labelDependence(a, b, { seed }) }];
    }),
  };
}

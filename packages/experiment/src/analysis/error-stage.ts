import {
  conditionalInformation,
  errorComplementarity,
  largeErrors,
  type PredictedLabels,
  type RowsInHand,
  residualDependence,
} from '@polytask/analysis';
import type { AnyTask } from '@polytask/core';
import type { AnalysisDocument } from './analysis-document.js';
import { answersOf, labelsIn, predictedLabels } from './analysis-rows.js';
import { type FoundOfPairs, ofPairs } from './pairs-of.js';

/** Whether the tasks' errors fall on the same rows, and what one task's prediction adds to another's. */
export async function compareErrors(
  tasks: readonly AnyTask[],
  rows: RowsInHand,
  predictions: { readonly [task: string]: readonly unknown[] },
  seed: number,
  goesOn: () => boolean,
): Promise<NonNullable<AnalysisDocument['errors']> & Pick<FoundOfPairs<unknown>, 'complete'>> {
  const predicted = tasks.map((task) => predictedLabels(labelsIn(rows, task), predictions[task.name] ?? []));
  const options = { seed, permutations: 100 };
  const answers = predicted.map((one) => one && answersOf(one));
  return {
    rows: rows.size,
    ...(await ofPairs(tasks, goesOn, (i, j) => {
      const [a, b] = [predicted[i], predicted[j]];
      const [answerA, answerB] = [answers[i], answers[j]];
      if (!a || !b || !answerA || !answerB) return [];
      const {
        doubleFault,
        doubleFaultByChance,
        disagreement,
        q,
        rows: both,
      } = errorComplementarity(wrong(a), wrong(b));
      const residual = residualDependence(a, b, options);
      const [toA, toB] = [
        conditionalInformation(a, answerA, answerB, options),
        conditionalInformation(b, answerB, answerA, options),
      ];
      return [
        {
          tasks: [(tasks[i] as AnyTask).name, (tasks[j] as AnyTask).name] as [string, string],
          rows: both,
          doubleFault,
          doubleFaultByChance,
          disagreement,
          q,
          residualDependence: residual.correlation ?? residual.value,
          residualPValue: residual.pValue,
          information: [toA.excess, toB.excess] as [number, number],
          informationPValues: [toA.pValue, toB.pValue] as [number, number],
        },
      ];
    })),
  };
}

/** Which rows are wrong: another class than the label's, or one of the larger half of errors. */
function wrong(labels: PredictedLabels): ArrayLike<number> {
  const answers = answersOf(labels);
  if (labels.kind === 'numbers') return largeErrors(labels.values, answers.values);
  return Array.from(labels.values, (label, row) => (label >= 0 ? Number(label !== answers.values[row]) : Number.NaN));
}

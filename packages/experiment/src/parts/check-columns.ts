import { listNames } from '@polytask/core';
import { didYouMean } from '../config/explain-issues.js';
import type { LoadedConfig } from '../config/load-config.js';
import { type Path, valueAt } from '../config/paths.js';
import type { RunData } from './load-data.js';

/**
 * Checks that the data have what the tasks ask for: target columns, inputs, and rows enough for a batch.
 *
 * @returns Whether all inputs are there, so that a model can be built on them.
 */
export function checkColumns({ raw, sections, mistakes }: LoadedConfig, { train, test }: RunData): boolean {
  let inputsAgree = true;
  const tasks = Array.isArray(raw.tasks) ? raw.tasks : [];
  tasks.forEach((_, index) => {
    const path = ['tasks', index];
    const at = valueAt(raw, [...path, 'column']) === undefined ? 'name' : 'column';
    const column = valueAt(raw, [...path, at]);
    if (typeof column === 'string')
      checkName([...path, at], 'column', column, [train.columns, test.columns], mistakes.add);
    const inputs = valueAt(raw, [...path, 'inputs']);
    const known = [Object.keys(train.inputs), Object.keys(test.inputs)];
    if (!Array.isArray(inputs)) return;
    inputs.forEach((input: unknown, place) => {
      if (typeof input !== 'string') return;
      const there = checkName([...path, 'inputs', place], 'input', input, known, mistakes.add);
      inputsAgree = inputsAgree && there;
    });
  });
  const { training } = sections;
  if (training === undefined || train.batches(training) > 0) return inputsAgree;
  const advice = `${training.batchSize} rows per step, but there are ${train.size} rows and a smaller last batch is dropped`;
  mistakes.add(['training', 'batchSize'], `\`training.batchSize\`: found ${advice}; take at most ${train.size}`);
  return inputsAgree;
}

function checkName(
  path: Path,
  what: string,
  name: string,
  [inTrain = [], inTest = []]: readonly (readonly string[])[],
  add: LoadedConfig['mistakes']['add'],
): boolean {
  if (!inTrain.includes(name)) {
    add(
      path,
      `the data have no ${what} \`${name}\`; there are ${listNames(inTrain, { plain: true })}${didYouMean(name, inTrain)}`,
    );
  } else if (!inTest.includes(name)) {
    add(path, `the test rows have no ${what} \`${name}\`, though the training rows do`);
  } else return true;
  return false;
}

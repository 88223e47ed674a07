import {
  createTrainer,
  type Executor,
  type MultiTaskDataset,
  PolytaskError,
  subset,
  type TableDataset,
} from '@polytask/core';
import { withoutTaught } from '../parts/network.js';
import type { PreparedRun } from '../parts/prepare-run.js';

/**
 * Takes one step of a run on a trainer that is thrown away, and measures two rows: what the executor lacks, and labels that do
 * not fit their task, show here and not after the run has begun.
 */
export async function trialStep(run: PreparedRun, executor: Executor): Promise<void> {
  const trainer = await createTrainer({ ...withoutTaught(await run.joint()), executor, seed: run.config.seed });
  try {
    const { validation } = run.data;
    const controller = new AbortController();
    await trainer.fit(run.data.train, {
      ...run.training,
      ...(validation === undefined ? {} : { validation }),
      epochs: 1,
      signal: controller.signal,
      callbacks: [{ stepEnd: () => controller.abort() }],
    });
    const few = firstRows(run.data.test, 2);
    if (few !== undefined) await trainer.evaluate(few);
  } catch (error) {
    // Numbers that get out of hand are for the run itself to tell: the backend can do it.
    if (!PolytaskError.isInstance(error) || error.code !== 'POLYTASK_NON_FINITE') throw error;
  } finally {
    trainer.dispose();
  }
}

/** Only data in memory can be had in part. */
function firstRows(dataset: MultiTaskDataset, rows: number): TableDataset | undefined {
  if (!('gather' in dataset)) return undefined;
  return subset(
    dataset as TableDataset,
    Array.from({ length: Math.min(rows, dataset.size) }, (_, row) => row),
  );
}

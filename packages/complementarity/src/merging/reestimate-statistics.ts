import {
  createTrainer,
  defineStepPlan,
  type FrozenModel,
  type MultiTaskDataset,
  requireOption,
  type TrainedModel,
} from '@polytask/core';

/** Options of {@link reestimateStatistics}. */
export interface ReestimateOptions {
  /** How many batches are looked at. Default 100, after which a momentum of 0.9 has forgotten what was there before. */
  readonly steps?: number | undefined;
  /** Rows per batch. Default 32. */
  readonly batchSize?: number | undefined;
}

/**
 * The same model with the statistics of its BatchNorm layers taken anew from rows: those of merged models fit none of the models that they
 * are from. Nothing else of it moves; a model without statistics is given back as it is.
 *
 * @param frozen A model with its tasks and strategy.
 * @param data Rows, with a label of some task.
 * @throws `POLYTASK_CHECKPOINT` where the model is another one's; `POLYTASK_INVALID_OPTION`.
 */
export async function reestimateStatistics(
  { tasks, sharing, model, executor }: FrozenModel,
  data: MultiTaskDataset,
  { steps = 100, batchSize = 32 }: ReestimateOptions = {},
): Promise<TrainedModel> {
  requireOption(Number.isInteger(steps) && steps > 0, 'steps', 'a positive whole number', steps);
  const enough = new AbortController();
  let taken = 0;
  const look = defineStepPlan({
    name: 'reestimate-statistics',
    bind: () => ({
      async step({ gradient }) {
        // The pass of a step moves statistics; without an update nothing else moves.
        const { losses, weights } = await gradient();
        taken += 1;
        if (taken >= steps) enough.abort();
        return { losses, weights };
      },
    }),
  });
  const trainer = await createTrainer({ tasks, sharing, executor, balancing: look });
  try {
    await trainer.loadModel(model);
    if (trainer.parameters?.layout.stateSize === 0) return model;
    await trainer.fit(data, { epochs: steps, batchSize, lastBatch: 'drop', signal: enough.signal });
    const { variables } = await trainer.model();
    return { ...model, variables };
  } finally {
    trainer.dispose();
  }
}

import type { BoundBalancing } from '../model/multi-task-model.js';
import type { Batch } from '../spec/batch.js';
import type { StepInfo } from '../spec/loss-weighting.js';
import type { StepReport } from '../spec/step-plan.js';
import { gradientBalancingPlan } from './gradient-balancing-plan.js';
import { lossWeightingPlan } from './loss-weighting-plan.js';
import { type BatchSources, openPrimitives } from './primitives.js';
import type { Runtime } from './runtime.js';

/** What happened in a step; with the Gramian `[K, K]` where the strategy computed one. */
export interface StepOutcome extends StepReport {
  readonly gramian?: Float64Array;
}

/** Takes one step of training. */
export type RunStep = (runtime: Runtime, info: StepInfo, batch: Batch, sources: BatchSources) => Promise<StepOutcome>;

/** How a run's balancing takes its steps. */
export function createRunStep({ kind, description, bound }: BoundBalancing): RunStep {
  if (kind === 'loss-weighting') return lossWeightingPlan(description, bound);
  if (kind === 'gradient-balancing') return gradientBalancingPlan(description, bound);
  return async (runtime, info, batch, sources) => {
    const scope = openPrimitives(runtime, info, batch, sources);
    try {
      return await bound.step(scope.primitives);
    } finally {
      scope.end();
    }
  };
}

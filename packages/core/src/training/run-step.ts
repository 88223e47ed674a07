import type { Batch } from '../contracts/batch.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { StepReport } from '../contracts/step-plan.js';
import type { BoundBalancing } from '../model/multi-task-model.js';
import { gradientBalancingPlan } from '../plans/gradient-balancing-plan.js';
import { lossWeightingPlan } from '../plans/loss-weighting-plan.js';
import { type BatchSources, openPrimitives } from './primitives.js';
import type { Runtime } from './runtime.js';

/** What happened in a step. */
export interface StepOutcome extends StepReport {
  /** Auxiliary terms by name, not weighted. */
  readonly terms: { readonly [term: string]: number };
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
      const report = await bound.step(scope.primitives);
      return { ...report, terms: scope.terms() };
    } finally {
      scope.end();
    }
  };
}

import type { BoundBalancing } from '../model/multi-task-model.js';
import { gradientBalancingPlan } from '../plans/gradient-balancing-plan.js';
import { lossWeightingPlan } from '../plans/loss-weighting-plan.js';
import { prefixed } from './batch-feeds.js';
import { openPrimitives } from './primitives.js';
import type { RunStep } from './step-outcome.js';

/** How a run's balancing takes its steps. */
export function createRunStep({ kind, description, bound }: BoundBalancing): RunStep {
  if (kind === 'loss-weighting') return lossWeightingPlan(description, bound);
  if (kind === 'gradient-balancing') return gradientBalancingPlan(description, bound);
  return async (runtime, info, batch, sources) => {
    const scope = openPrimitives(runtime, info, batch, sources);
    try {
      const report = await bound.step(scope.primitives);
      const { terms, logged } = scope.terms();
      return { ...report, terms, logged: { ...logged, ...prefixed(description.name, report.logged ?? {}) } };
    } finally {
      scope.end();
    }
  };
}

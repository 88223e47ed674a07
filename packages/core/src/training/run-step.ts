import type { StepReport } from '../contracts/step-report.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import type { BoundBalancing } from '../model/multi-task-model.js';
import { gradientBalancingPlan } from '../plans/gradient-balancing-plan.js';
import { lossWeightingPlan } from '../plans/loss-weighting-plan.js';
import { termsAlone } from '../plans/terms-alone.js';
import { prefixed } from './batch-feeds.js';
import { openPrimitives } from './primitives.js';
import type { RunStep } from './step-outcome.js';

/** How a run takes its steps: by its balancing, where there is something to balance. */
export function createRunStep(balancing: BoundBalancing): RunStep {
  const balanced = balancedStep(balancing);
  return (runtime, info, batch, sources) =>
    (runtime.active(batch).length > 0 ? balanced : termsAlone)(runtime, info, batch, sources);
}

function balancedStep({ kind, description, bound }: BoundBalancing): RunStep {
  if (kind === 'loss-weighting') return lossWeightingPlan(description, bound);
  if (kind === 'gradient-balancing') return gradientBalancingPlan(description, bound);
  return async (runtime, info, batch, sources) => {
    const scope = openPrimitives(runtime, info, batch, sources);
    try {
      const report = await bound.step(scope.primitives);
      checkReport(report, description.name, runtime.model.objectives.length);
      const { terms, logged } = scope.terms();
      return { ...report, terms, logged: { ...logged, ...prefixed(description.name, report.logged ?? {}) } };
    } finally {
      scope.end();
    }
  };
}

/** Refuses what a plan reports of too few objectives, or of too many: it would be another task's in the history. */
function checkReport(report: StepReport, name: string, count: number): void {
  const { losses, weights, gramian } = (report ?? {}) as Partial<StepReport>;
  const check = (what: keyof StepReport, found: ArrayLike<number> | undefined, length: number) => {
    if (found?.length === length) return;
    throw new ShapeMismatchError(
      `What step plan \`${name}\` reports as \`${what}\``,
      [length],
      found === undefined ? [] : [found.length],
      'Give a number per task, NaN or 0 for those that are absent, as `losses()` does.',
    );
  };
  check('losses', losses, count);
  check('weights', weights, count);
  if (gramian !== undefined) check('gramian', gramian, count * count);
}

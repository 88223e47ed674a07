import type { BoundLossWeighting, LossWeighting } from '../contracts/loss-weighting.js';
import { prefixed } from '../training/batch-feeds.js';
import { descendInOne } from '../training/descend.js';
import { openPrimitives } from '../training/primitives.js';
import type { RunStep, StepOutcome } from '../training/step-outcome.js';

/** One step under a loss weighting: one program. */
export function lossWeightingPlan(description: LossWeighting, bound: BoundLossWeighting): RunStep {
  const scale = description.scale ?? 'tasks';

  return async (runtime, info, batch, sources) => {
    const descend = batch.parts === undefined ? inOnePiece : inParts;
    const found = await descend(runtime, info, batch, sources);
    const { losses, weights } = found;
    bound.observe?.({ losses, weights }, info);
    return found;
  };

  async function inOnePiece(...[runtime, info, batch]: Parameters<RunStep>): Promise<StepOutcome> {
    return descendInOne(runtime, info, batch, {
      program: (mode) => runtime.programs.weightedStep(mode, bound.scalarize, scale),
      feeds: prefixed('balancing', bound.feeds?.(info) ?? {}),
    });
  }

  /** Weights follow from the losses of all parts, so these are looked at once more. */
  async function inParts(...[runtime, info, batch, sources]: Parameters<RunStep>): Promise<StepOutcome> {
    const scope = openPrimitives(runtime, info, batch, sources);
    try {
      const found = await scope.primitives.descend({ scalarize: bound.scalarize, scale, feeds: bound.feeds?.(info) });
      return { ...found, ...scope.terms() };
    } finally {
      scope.end();
    }
  }
}

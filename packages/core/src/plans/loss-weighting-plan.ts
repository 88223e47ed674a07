import type { BoundLossWeighting, LossWeighting } from '../contracts/loss-weighting.js';
import type { HostTensor } from '../contracts/tensors.js';
import type { UpdateMode } from '../programs/update.js';
import { prefixed } from '../training/batch-feeds.js';
import { finiteWeights, presentLosses } from '../training/finite-numbers.js';
import { openPrimitives } from '../training/primitives.js';
import type { RunStep } from '../training/step-outcome.js';

/** One step under a loss weighting: one program. */
export function lossWeightingPlan(description: LossWeighting, bound: BoundLossWeighting): RunStep {
  const scale = description.scale ?? 'tasks';

  /** Weights follow from the losses of all parts, so these are looked at once more. */
  const stepInParts: RunStep = async (runtime, info, batch, sources) => {
    const scope = openPrimitives(runtime, info, batch, sources);
    try {
      const { gradient, apply } = scope.primitives;
      const found = await gradient({ scalarize: bound.scalarize, scale, feeds: bound.feeds?.(info) });
      await apply(found.gradient);
      const { losses, weights } = found;
      bound.observe?.({ losses, weights }, info);
      return { losses, weights, ...scope.terms() };
    } finally {
      scope.end();
    }
  };

  return async (runtime, info, batch, sources) => {
    if (batch.parts !== undefined) return stepInParts(runtime, info, batch, sources);
    const active = runtime.active(batch);
    const program = (mode: UpdateMode) => runtime.programs.weightedStep(mode, bound.scalarize, scale);
    const host = await runtime.update(program, info.step, runtime.moving(batch, info), {
      parameters: runtime.parameters,
      feeds: { ...(await runtime.feeds(batch, info)), ...prefixed('balancing', bound.feeds?.(info) ?? {}) },
      outputs: { losses: 'read', weights: 'read', ...runtime.termsOutput },
      uniform: runtime.uniform(info.step, 0),
    });
    const { model } = runtime;
    const report = {
      losses: presentLosses(host.losses as HostTensor, active, model, info.step),
      weights: finiteWeights(host.weights, model, info.step),
    };
    bound.observe?.(report, info);
    return { ...report, ...runtime.terms(host, info.step) };
  };
}

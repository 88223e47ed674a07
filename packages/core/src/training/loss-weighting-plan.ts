import type { BoundLossWeighting, LossWeighting } from '../spec/loss-weighting.js';
import type { HostTensor } from '../spec/tensors.js';
import { prefixed } from './batch-feeds.js';
import { presentLosses } from './primitives.js';
import type { RunStep } from './run-step.js';

/** One step under a loss weighting: one program. */
export function lossWeightingPlan(description: LossWeighting, bound: BoundLossWeighting): RunStep {
  const scale = description.scale ?? 'tasks';
  return async (runtime, info, batch) => {
    const active = runtime.active(batch);
    const host = await runtime.update((mode) => runtime.programs.weightedStep(mode, bound, scale), info.step, active, {
      parameters: runtime.parameters,
      feeds: { ...(await runtime.feeds(batch, info)), ...prefixed('balancing', bound.feeds?.(info) ?? {}) },
      outputs: { losses: 'read', weights: 'read' },
      uniform: runtime.uniform(info.step, 0),
    });
    return {
      losses: presentLosses(host.losses as HostTensor, active, runtime.model.objectives, info.step),
      weights: Float64Array.from((host.weights as HostTensor).data),
    };
  };
}

import { hostTensor } from '../contracts/tensors.js';
import { openPrimitives } from '../training/primitives.js';
import type { RunStep } from '../training/step-outcome.js';

/**
 * A step on a batch without any label: the gradient is that of the auxiliary terms. The balancing has no part in it, nor have its
 * variables; tasks have no loss and no weight.
 */
export const termsAlone: RunStep = async (runtime, info, batch, sources) => {
  const { model, programs } = runtime;
  const nothing = model.objectives.map(() => 0);
  if (batch.parts !== undefined) {
    const scope = openPrimitives(runtime, info, batch, sources);
    try {
      const { gradient, losses, weights } = await scope.primitives.gradient({ weights: nothing });
      await scope.primitives.apply(gradient);
      return { losses, weights, ...scope.terms() };
    } finally {
      scope.end();
    }
  }
  const program = programs.gradientAndApply;
  const host = await runtime.update((mode) => program(mode, 'weighted'), info.step, runtime.moving(batch, info), {
    parameters: runtime.parameters,
    feeds: { ...(await runtime.feeds(batch, info)), weights: hostTensor(nothing) },
    outputs: runtime.termsOutput,
    uniform: runtime.uniform(info.step, 0),
  });
  const losses = Float64Array.from(nothing, () => Number.NaN);
  return { losses, weights: Float64Array.from(nothing), ...runtime.terms(host, info.step) };
};

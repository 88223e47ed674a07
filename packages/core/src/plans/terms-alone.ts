import { openPrimitives } from '../training/primitives.js';
import type { RunStep } from '../training/step-outcome.js';

/**
 * A step on a batch without any label: the gradient is that of the auxiliary terms. The balancing has no part in it, nor have its
 * variables; tasks have no loss and no weight.
 */
export const termsAlone: RunStep = async (runtime, info, batch, sources) => {
  const scope = openPrimitives(runtime, info, batch, sources);
  try {
    const { gradient, apply, objectives } = scope.primitives;
    const found = await gradient({ weights: objectives.map(() => 0) });
    await apply(found.gradient);
    return { losses: found.losses, weights: found.weights, ...scope.terms() };
  } finally {
    scope.end();
  }
};

import { hostTensor } from '../contracts/tensors.js';
import { descendInOne } from '../training/descend.js';
import { openPrimitives } from '../training/primitives.js';
import type { RunStep } from '../training/step-outcome.js';

/**
 * A step on a batch without any label: the gradient is that of the auxiliary terms. The balancing has no part in it, nor have its
 * variables; tasks have no loss and no weight.
 */
export const termsAlone: RunStep = async (runtime, info, batch, sources) => {
  const { model, programs } = runtime;
  const nothing = model.objectives.map(() => 0);
  if (batch.parts === undefined) {
    return descendInOne(runtime, info, batch, {
      program: (mode) => programs.gradientAndApply(mode, 'weighted'),
      feeds: { weights: hostTensor(nothing) },
    });
  }
  const scope = openPrimitives(runtime, info, batch, sources);
  try {
    return { ...(await scope.primitives.descend({ weights: nothing })), ...scope.terms() };
  } finally {
    scope.end();
  }
};

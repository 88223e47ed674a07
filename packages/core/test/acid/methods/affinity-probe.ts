import { defineStepPlan, type StepPlan } from '@polytask/core';

/** Fifty et al. 2021: Z_ij = 1 − L_j(θ_s after the optimizer's step on l_i, θ_j) / L_j, then an ordinary step. */
export function affinityProbe(onAffinity: (z: number[][]) => void): StepPlan {
  return defineStepPlan({
    name: 'affinity-probe',
    bind: ({ tasks }) => ({
      async step({ gradient, apply, clone, parameters, losses }) {
        const z: number[][] = [];
        const real = await gradient();
        for (const [i] of tasks.entries()) {
          const only = await gradient({ weights: tasks.map((_, k) => (k === i ? 1 : 0)) });
          const trial = await clone(parameters);
          const isShared = ({ usedBy }: { usedBy: readonly string[] }) => usedBy.length > 1;
          await apply(only.gradient, { parameters: trial, moves: isShared });
          const after = await losses({ parameters: trial });
          z.push(Array.from(after, (loss, j) => 1 - loss / (real.losses[j] ?? Number.NaN)));
        }
        onAffinity(z);
        await apply(real.gradient);
        return real;
      },
    }),
  });
}

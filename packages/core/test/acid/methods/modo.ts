import { defineStepPlan, projectOnSimplex, type StepPlan } from '@polytask/core';

/** Chen et al. 2023: λ ← Π(λ − γ(G₁G₂ᵀλ + ρλ)) from two batches, d = G₃ᵀλ from a third. */
export function modo({ gamma = 0.1, rho = 0.1 } = {}): StepPlan {
  return defineStepPlan({
    name: 'modo',
    options: { gamma, rho },
    bind({ tasks }) {
      const k = tasks.length;
      let lambda = tasks.map(() => 1 / k);
      return {
        async step({ jacobian, gramian, combine, apply, anotherBatch }) {
          const third = await jacobian();
          const first = await jacobian({ batch: await anotherBatch() });
          const second = await jacobian({ batch: await anotherBatch() });
          const cross = await gramian(first, second);
          lambda = Array.from(
            projectOnSimplex(
              lambda.map((value, i) => {
                const product = lambda.reduce((sum, other, j) => sum + (cross[i * k + j] as number) * other, 0);
                return value - gamma * (product + rho * value);
              }),
            ),
          );
          await apply(await combine(third, lambda));
          return { losses: third.losses, weights: lambda.map((value, i) => (third.active.includes(i) ? value : 0)) };
        },
        saveState: () => ({ lambda }),
        loadState: (state) => {
          lambda = state.lambda as number[];
        },
        reset: () => {
          lambda = tasks.map(() => 1 / k);
        },
      };
    },
  });
}

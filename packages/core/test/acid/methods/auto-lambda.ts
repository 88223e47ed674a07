import { defineStepPlan, hostAdam, type StepPlan } from '@polytask/core';

/** Options of {@link autoLambda}. */
export interface AutoLambdaOptions {
  /** Tasks whose validation losses count. Default: all. */
  readonly primary?: readonly string[];
  /** η of the virtual step. */
  readonly innerRate: number;
  readonly learningRate?: number;
  /** Shows the gradient by λ. */
  readonly onGradient?: (gradient: readonly number[], lambda: readonly number[]) => void;
}

/** Liu et al. 2022: θ' = θ − η ∇ΣλL; d = ∇L_val(θ'); ∂/∂λ_i = −η (L_i(θ+εd) − L_i(θ−εd)) / 2ε, then the step with the new λ. */
export function autoLambda({ primary, innerRate, learningRate = 1e-2, onGradient }: AutoLambdaOptions): StepPlan {
  return defineStepPlan({
    name: 'auto-lambda',
    options: { primary, innerRate, learningRate },
    bind({ tasks }) {
      const lambda = hostAdam(
        tasks.map(() => 0.5),
        { learningRate },
      );
      const counts = tasks.map((task) => (primary === undefined || primary.includes(task) ? 1 : 0));
      return {
        async step({ parameters, clone, axpy, gradient, losses, dot, apply, validationBatch, active }) {
          const virtual = await clone(parameters);
          await axpy(virtual, -innerRate, (await gradient({ weights: lambda.values })).gradient);
          const { gradient: d } = await gradient({
            parameters: virtual,
            batch: await validationBatch(),
            weights: counts,
            auxiliary: false,
          });
          const epsilon = 0.01 / Math.sqrt(await dot(d));
          const scratch = await clone(parameters);
          await axpy(scratch, epsilon, d);
          const above = await losses({ parameters: scratch });
          await axpy(scratch, -2 * epsilon, d);
          const below = await losses({ parameters: scratch });
          const present = active();
          const byLambda = tasks.map((_, k) =>
            present.includes(k) ? (-innerRate * ((above[k] as number) - (below[k] as number))) / (2 * epsilon) : 0,
          );
          onGradient?.(byLambda, [...lambda.values]);
          lambda.step(byLambda, present);
          const real = await gradient({ weights: lambda.values });
          await apply(real.gradient);
          return real;
        },
        saveState: lambda.saveState,
        loadState: lambda.loadState,
        reset: lambda.reset,
      };
    },
  });
}

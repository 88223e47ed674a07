import { defineGradientBalancing, type GradientBalancing } from '@polytask/core';

/** CR-MOGM, Zhou et al. 2022: λ_t = α λ_{t−1} + (1 − α) λ̂_t around any balancing that gives weights. */
export function smoothed(inner: GradientBalancing, { alpha = 0.9 } = {}): GradientBalancing {
  const { gradientsOf, headGradients, scale } = inner;
  return defineGradientBalancing({
    name: `smoothed-${inner.name}`,
    options: { alpha, inner: inner.options },
    gradientsOf,
    headGradients,
    scale,
    bind(context) {
      const bound = inner.bind(context);
      let last: (number | null)[] = context.tasks.map(() => null);
      return {
        ...bound,
        weights(input) {
          const found = bound.weights?.(input) ?? [];
          return input.tasks.map((task, i) => {
            const before = last[task] ?? found[i] ?? 0;
            const now = alpha * before + (1 - alpha) * (found[i] ?? 0);
            last[task] = now;
            return now;
          });
        },
        saveState: () => ({ last, inner: bound.saveState?.() ?? {} }),
        loadState(state) {
          last = state.last as (number | null)[];
          bound.loadState?.(state.inner as object as never);
        },
      };
    },
  });
}

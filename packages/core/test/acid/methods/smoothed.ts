import { type GradientBalancing, wrapBalancing } from '@polytask/core';

/** CR-MOGM, Zhou et al. 2022: λ_t = α λ_{t−1} + (1 − α) λ̂_t around any balancing that gives weights. */
export function smoothed(inner: GradientBalancing, { alpha = 0.9 } = {}): GradientBalancing {
  return wrapBalancing(inner, {
    name: `smoothed-${inner.name}`,
    options: { alpha },
    bind(bound, { tasks }) {
      let last: (number | null)[] = tasks.map(() => null);
      return {
        weights(input) {
          const found = bound.weights?.(input) ?? [];
          return input.tasks.map((task, i) => {
            const before = last[task] ?? found[i] ?? 0;
            const now = alpha * before + (1 - alpha) * (found[i] ?? 0);
            last[task] = now;
            return now;
          });
        },
        saveState: () => ({ last }),
        loadState(state) {
          last = state.last as (number | null)[];
        },
        reset() {
          last = tasks.map(() => null);
        },
      };
    },
  });
}

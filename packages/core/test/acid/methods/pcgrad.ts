import { defineGradientBalancing, type GradientBalancing, permutation } from '@polytask/core';

/** Yu et al. 2020 on the Gramian: g_i' = Σ_j c_ij g_j, so that all inner products follow from G. */
export function pcgrad(options: Pick<GradientBalancing, 'scale' | 'headGradients'> = {}): GradientBalancing {
  return defineGradientBalancing({
    name: 'pcgrad',
    ...options,
    bind: ({ uniform }) => ({
      weights({ gramian, tasks, step }) {
        const k = tasks.length;
        const draw = uniform(step.step);
        const total = new Float64Array(k);
        for (let i = 0; i < k; i++) {
          const c = new Float64Array(k);
          c[i] = 1;
          for (const j of permutation(k, draw)) {
            if (j === i) continue;
            let product = 0;
            for (let m = 0; m < k; m++) product += (c[m] as number) * (gramian[m * k + j] as number);
            if (product < 0) c[j] = (c[j] as number) - product / (gramian[j * k + j] as number);
          }
          for (let m = 0; m < k; m++) total[m] = (total[m] as number) + (c[m] as number);
        }
        return total;
      },
    }),
  });
}

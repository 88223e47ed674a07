import { defineGradientBalancing, type GradientBalancing, uniformStream } from '@polytask/core';

/**
 * PCGrad (Yu et al., NeurIPS 2020) on the Gramian: what each gradient loses to the others is followed in K × K numbers.
 * The benchmark's own, so that it needs no further package.
 */
export function pcgrad(): GradientBalancing {
  return defineGradientBalancing({
    name: 'pcgrad',
    bind: () => ({
      weights({ gramian, tasks, step }) {
        const count = tasks.length;
        const draw = uniformStream('bench', 'pcgrad', step.step);
        const total = new Float64Array(count);
        for (let k = 0; k < count; k++) {
          const own = new Float64Array(count);
          own[k] = 1;
          const order = Array.from({ length: count }, (_, j) => ({ j, key: draw() })).sort((a, b) => a.key - b.key);
          for (const { j } of order) {
            if (j === k) continue;
            let product = 0;
            for (let i = 0; i < count; i++) product += (own[i] as number) * (gramian[i * count + j] as number);
            if (product < 0) own[j] = (own[j] as number) - product / (gramian[j * count + j] as number);
          }
          for (let i = 0; i < count; i++) total[i] = (total[i] as number) + (own[i] as number);
        }
        return total;
      },
    }),
  });
}

import { defineGradientBalancing, type GradientBalancing } from '@polytask/core';
import { softmax } from '../support/host-adam.js';

/** Chen et al. 2018 with w = K softmax(a): ∂/∂w_i Σ |w_i‖g_i‖ − Ḡ r_i^α| = sign(·) ‖g_i‖, by the last shared layer. */
export function gradNorm({ alpha = 1.5, learningRate = 0.025 } = {}): GradientBalancing {
  return defineGradientBalancing({
    name: 'grad-norm',
    options: { alpha, learningRate },
    gradientsOf: 'last-shared-layer',
    headGradients: 'weighted',
    scale: 'paper',
    bind({ tasks: names }) {
      let logits = names.map(() => 0);
      let initial: (number | null)[] = names.map(() => null);
      return {
        weights({ gramian, tasks, losses }) {
          const k = tasks.length;
          const shares = softmax(logits);
          // Only the tasks present share K' between them; the others' logits wait.
          const total = tasks.reduce((sum, task) => sum + (shares[task] as number), 0);
          const weights = tasks.map((task) => (k * (shares[task] as number)) / total);
          const norms = tasks.map((_, i) => Math.sqrt(gramian[i * k + i] as number));
          tasks.forEach((task, i) => {
            initial[task] ??= losses[i] as number;
          });
          const ratios = tasks.map((task, i) => (losses[i] as number) / (initial[task] as number));
          const meanRatio = ratios.reduce((sum, ratio) => sum + ratio, 0) / k;
          const meanNorm = norms.reduce((sum, norm, i) => sum + (weights[i] as number) * norm, 0) / k;
          const byWeight = norms.map(
            (norm, i) =>
              Math.sign((weights[i] as number) * norm - meanNorm * ((ratios[i] as number) / meanRatio) ** alpha) * norm,
          );
          const inner = byWeight.reduce((sum, slope, i) => sum + (slope * (weights[i] as number)) / k, 0);
          tasks.forEach((task, i) => {
            logits[task] =
              (logits[task] as number) - learningRate * (weights[i] as number) * ((byWeight[i] as number) - inner);
          });
          return weights;
        },
        saveState: () => ({ logits, initial }),
        loadState(state) {
          logits = state.logits as number[];
          initial = state.initial as (number | null)[];
        },
      };
    },
  });
}

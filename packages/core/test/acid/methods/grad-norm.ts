import {
  defineGradientBalancing,
  type GradientBalancing,
  gradientNorms,
  hostSgd,
  type State,
  softmax,
  spread,
} from '@polytask/core';

/** Chen et al. 2018 with w = K softmax(a): ∂/∂w_i Σ |w_i‖g_i‖ − Ḡ r_i^α| = sign(·) ‖g_i‖, by the last shared layer. */
export function gradNorm({ alpha = 1.5, learningRate = 0.025 } = {}): GradientBalancing {
  return defineGradientBalancing({
    name: 'grad-norm',
    options: { alpha, learningRate },
    gradientsOf: 'last-shared-layer',
    headGradients: 'weighted',
    scale: 'paper',
    bind({ tasks: names }) {
      const logits = hostSgd(
        names.map(() => 0),
        { learningRate },
      );
      let initial: (number | null)[] = names.map(() => null);
      return {
        weights({ gramian, tasks, losses }) {
          const k = tasks.length;
          const shares = softmax(logits.values);
          // Only the tasks present share K' between them; the others' logits wait.
          const total = tasks.reduce((sum, task) => sum + (shares[task] as number), 0);
          const weights = tasks.map((task) => (k * (shares[task] as number)) / total);
          const norms = gradientNorms(gramian);
          tasks.forEach((task, i) => {
            initial[task] ??= losses[i] as number;
          });
          // A task that has nothing to learn stands still.
          const ratios = tasks.map((task, i) =>
            initial[task] === 0 ? 1 : (losses[i] as number) / (initial[task] as number),
          );
          const meanRatio = ratios.reduce((sum, ratio) => sum + ratio, 0) / k;
          const meanNorm = norms.reduce((sum, norm, i) => sum + (weights[i] as number) * norm, 0) / k;
          const byWeight = ratios.map((ratio, i) => {
            const norm = norms[i] as number;
            return Math.sign((weights[i] as number) * norm - meanNorm * (ratio / meanRatio) ** alpha) * norm;
          });
          const inner = byWeight.reduce((sum, slope, i) => sum + (slope * (weights[i] as number)) / k, 0);
          const byLogit = byWeight.map((slope, i) => (weights[i] as number) * (slope - inner));
          logits.step(spread(byLogit, tasks, names.length), tasks);
          return weights;
        },
        saveState: () => ({ logits: logits.saveState(), initial }),
        loadState(state) {
          logits.loadState(state.logits as State);
          initial = state.initial as (number | null)[];
        },
        reset() {
          logits.reset();
          initial = names.map(() => null);
        },
      };
    },
  });
}

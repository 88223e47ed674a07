import type { Lifecycle } from '@polytask/core';

/** How many gains are remembered to tell large ones from small. */
const memory = 100;

/** What tasks have gained by being trained; see {@link learningProgress}. */
export interface LearningProgress extends Required<Pick<Lifecycle, 'saveState' | 'loadState' | 'reset'>> {
  /** A task's loss now. Its gain since it was last seen, in [−1, 1]; undefined the first time. */
  see(task: number, loss: number): number | undefined;
}

/**
 * Learning progress of K tasks: by how much a loss fell since the task was trained before. Gains are clipped to their
 * 20th and 80th percentile of the last 100 and rescaled to [−1, 1], after Graves et al. 2017, so that rewards do not depend on
 * the units of losses.
 */
export function learningProgress(k: number): LearningProgress {
  let last: (number | null)[] = new Array(k).fill(null);
  let gains: number[] = [];
  return {
    see(task, loss) {
      const before = last[task] as number | null;
      last[task] = loss;
      if (before === null) return undefined;
      const gain = before - loss;
      gains = [...gains, gain].slice(-memory);
      const sorted = [...gains].sort((a, b) => a - b);
      const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
      const [low, high] = [at(0.2), at(0.8)];
      if (high === low) return Math.sign(gain - low);
      return Math.min(1, Math.max(-1, (2 * (gain - low)) / (high - low) - 1));
    },
    saveState: () => ({ last, gains }),
    loadState(state) {
      last = [...(state.last as (number | null)[])];
      gains = [...(state.gains as number[])];
    },
    reset() {
      last = new Array(k).fill(null);
      gains = [];
    },
  };
}

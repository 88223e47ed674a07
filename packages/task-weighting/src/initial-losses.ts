import { type HostTensor, hostTensor, type Lifecycle, stopGradient } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** The first loss above 0 of every task, kept on the host; see {@link initialLosses}. */
export interface InitialLosses extends Required<Pick<Lifecycle, 'saveState' | 'loadState' | 'reset'>> {
  /** `[K]`, 0 for tasks that have none yet. */
  feed(): HostTensor;
  /** Looks at the losses of a step `[K]`, NaN for absent tasks. */
  observe(report: { readonly losses: ArrayLike<number> }): void;
}

/** Remembers the first loss of each of K tasks. A loss of 0 is not one: nothing can be measured by it. */
export function initialLosses(k: number): InitialLosses {
  const first = new Float64Array(k);
  return {
    feed: () => hostTensor(first),
    observe({ losses }) {
      for (let i = 0; i < k; i++) if (first[i] === 0 && (losses[i] as number) > 0) first[i] = losses[i] as number;
    },
    saveState: () => ({ initial: Array.from(first) }),
    loadState(state) {
      first.set(state.initial as number[]);
    },
    reset() {
      first.fill(0);
    },
  };
}

/**
 * Initial losses `[K]` inside a program: those known before this step, else the losses of the step itself, as
 * constants. 1 for tasks that are absent and were never seen, or have only ever had a loss of 0.
 */
export function initialLossesIn(losses: tf.Tensor1D, known: tf.Tensor): tf.Tensor {
  const now = stopGradient(losses);
  return tf.where(tf.greater(known, 0), known, tf.where(tf.greater(now, 0), now, 1));
}

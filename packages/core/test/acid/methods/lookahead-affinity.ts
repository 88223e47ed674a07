import { defineObserver, type Observer } from '@polytask/core';

/** What it has seen. */
type Seen = { totals: Float64Array; looks: number; steps: number; gramians: number };

/** Fifty et al. 2021 as an observer: mean over looks of Z_ij = 1 − L_j(θ_s after a trial step on l_i, θ_j) / L_j. */
export function lookaheadAffinity(options: { interval?: number } = {}): Observer {
  return defineObserver({
    name: 'lookahead-affinity',
    options,
    ...options,
    bind({ tasks, objectives }) {
      const k = tasks.length;
      let totals: Float64Array = new Float64Array(k * k);
      let looks = 0;
      let steps = 0;
      let gramians = 0;
      return {
        async probe({ gradient, apply, clone, parameters, losses, forward, read }) {
          const before = await losses();
          for (let i = 0; i < k; i++) {
            const only = await gradient({ weights: objectives.map((_, j) => (j === i ? 1 : 0)), auxiliary: false });
            const trial = await clone(parameters);
            await apply(only.gradient, { parameters: trial, moves: ({ usedBy }) => usedBy.length > 1 });
            const after = await losses({ parameters: trial });
            for (let j = 0; j < k; j++) {
              totals[i * k + j] = (totals[i * k + j] as number) + 1 - (after[j] as number) / (before[j] as number);
            }
          }
          // Features of the rows, as a look at what is there; nothing is made of them.
          const [features] = Object.values(await forward([`features/${tasks[0]?.name}`]));
          if (features !== undefined) await read(features);
          looks += 1;
        },
        stepEnd({ gramian }) {
          steps += 1;
          if (gramian !== undefined) gramians += 1;
        },
        log: () => ({ looks }),
        saveState: () => ({ totals, looks, steps, gramians }),
        loadState(state: Seen) {
          ({ totals, looks, steps, gramians } = structuredClone(state));
        },
        result: () => ({ affinity: Array.from(totals, (total) => total / looks), looks, steps, gramians }),
      };
    },
  });
}

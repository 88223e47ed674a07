import type { BoundObserver, Observer, ProbePrimitives } from '@polytask/core';
import { keepSeen } from './keep-seen.js';
import { addPair, noPairs, pairMeans } from './pair-means.js';

/** Says what objective i does for objective j, at one look. */
type SayAffinity = (i: number, j: number, affinity: number) => void;

/** An observer whose looks find affinities between objectives, and whose result is their mean over looks. */
export function meanAffinity(
  interval: number,
  look: (primitives: ProbePrimitives, say: SayAffinity) => Promise<void>,
): Pick<Observer, 'interval' | 'bind'> {
  return {
    interval,
    bind({ objectives }) {
      const tasks = objectives.map(({ name }) => name);
      const k = tasks.length;
      const kept = keepSeen(() => ({ looks: 0, pairs: noPairs(k) }));
      const { saveState, loadState, reset } = kept;
      return {
        async probe(primitives) {
          kept.seen.looks += 1;
          await look(primitives, (i, j, affinity) => addPair(kept.seen.pairs, i * k + j, affinity));
        },
        result: () => ({ tasks, looks: kept.seen.looks, affinity: pairMeans(kept.seen.pairs) }),
        ...{ saveState, loadState, reset },
      } satisfies BoundObserver<{ looks: number; pairs: ReturnType<typeof noPairs> }> as BoundObserver;
    },
  };
}

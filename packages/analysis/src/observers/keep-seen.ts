import type { State } from '@polytask/core';

/** What a part has seen in a run, as plain data: a checkpoint has a copy of it, and a reset forgets it. */
interface Kept<Seen extends State> {
  seen: Seen;
  readonly saveState: () => Seen;
  readonly loadState: (state: Seen) => void;
  readonly reset: () => void;
}

/** Keeps what is seen, from nothing on. */
export function keepSeen<Seen extends State>(nothing: () => Seen): Kept<Seen> {
  const kept: Kept<Seen> = {
    seen: nothing(),
    saveState: () => structuredClone(kept.seen),
    loadState(state) {
      kept.seen = structuredClone(state);
    },
    reset() {
      kept.seen = nothing();
    },
  };
  return kept;
}

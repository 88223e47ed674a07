import {
  type AnyTask,
  type Batch,
  CheckpointError,
  PolytaskError,
  permutation,
  type Relabelling,
  type State,
} from '@polytask/core';

/** Rows of which two tasks choose what to teach each other, a few in every round, as both see more of them in the course of a run. */
export interface Pool {
  /** Whether there is a round after this epoch. */
  due(epoch: number): boolean;
  /** Ids of the rows to choose from now. */
  ids(): ReadonlySet<number>;
  /** On the first call: finds all rows that neither task has a label of. Errors: `POLYTASK_NO_COMMON_ROWS`. */
  fill(rows: Relabelling['rows']): Promise<void>;
  /** Ends a round: takes rows out, and others in their place. */
  replace(taken: readonly number[]): void;
  /** Rows that have not been chosen yet, in the pool or not. */
  left(): number;
  saveState(): State;
  loadState(state: State): void;
  reset(): void;
}

/**
 * @param options How many rows there are to choose from at a time, how many rounds there are, and a round every so many epochs.
 * @param uniform Draws the order in which rows come.
 */
export function createPool(
  part: string,
  pair: readonly [AnyTask, AnyTask],
  { size, rounds, every }: { readonly size: number; readonly rounds: number; readonly every: number },
  uniform: () => () => number,
): Pool {
  let round = 0;
  let inside: number[] = [];
  let waiting: number[] | undefined;
  return {
    due: (epoch) => round < rounds && epoch % every === 0,
    ids: () => new Set(inside),
    async fill(rows) {
      if (waiting !== undefined) return;
      const found: number[] = [];
      for await (const { batch } of rows('train', [])) {
        const ids = commonRows(part, pair, batch);
        const [a, b] = pair.map(({ name }) => batch.weights[name] as Float32Array) as [Float32Array, Float32Array];
        ids.forEach((id, row) => {
          if (a[row] === 0 && b[row] === 0) found.push(id);
        });
      }
      const order = permutation(found.length, uniform());
      waiting = Array.from(order, (at) => found[at] as number);
      inside = waiting.splice(0, size);
    },
    replace(taken) {
      const gone = new Set(taken);
      inside = inside.filter((id) => !gone.has(id));
      inside.push(...(waiting ?? []).splice(0, size - inside.length));
      round += 1;
    },
    left: () => inside.length + (waiting?.length ?? 0),
    saveState: () => ({
      round,
      inside: Int32Array.from(inside),
      waiting: waiting === undefined ? null : Int32Array.from(waiting),
    }),
    loadState(state) {
      const saved = savedPool(part, state);
      round = saved.round;
      inside = Array.from(saved.inside);
      waiting = saved.waiting === null ? undefined : Array.from(saved.waiting);
    },
    reset() {
      round = 0;
      inside = [];
      waiting = undefined;
    },
  };
}

/** What {@link Pool.saveState} gave. Errors: `POLYTASK_CHECKPOINT` for what earlier versions gave, which counted rounds elsewhere. */
function savedPool(part: string, state: State | undefined) {
  const { round, inside, waiting } = (state ?? {}) as { readonly [name: string]: unknown };
  const rows = (value: unknown): value is Int32Array => value instanceof Int32Array;
  if (typeof round === 'number' && rows(inside) && (waiting === null || rows(waiting)))
    return { round, inside, waiting };
  throw new CheckpointError(
    `The checkpoint must say of \`${part}\` in which round it is, and which rows there are to choose from, but does not: it was written by ` +
      'an earlier version. Go on with that version, or start the run anew.',
  );
}

/** The ids of a batch's rows, which both tasks see. Errors: `POLYTASK_NO_COMMON_ROWS`. */
export function commonRows(part: string, [a, b]: readonly [AnyTask, AnyTask], { ids, rowTask }: Batch): Int32Array {
  const [first, second] = [ids[a.name], ids[b.name]] as [Int32Array, Int32Array];
  const same = rowTask === undefined && first.length === second.length && first.every((id, row) => id === second[row]);
  if (same && first.every((id) => id >= 0)) return first;
  throw new PolytaskError(
    'POLYTASK_NO_COMMON_ROWS',
    `Under \`${part}\` tasks \`${a.name}\` and \`${b.name}\` give each other labels, so that they have to see the same rows, but each has ` +
      'rows of its own. Give them a common table, with inputs of their own where they are to have different views.',
  );
}

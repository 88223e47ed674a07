import type { HostTensor, Inspection } from '@polytask/core';
import { taskMatrix } from '../numbers/matrices.js';

/** What {@link learnedRelations} finds. */
export interface LearnedRelations {
  readonly tasks: readonly string[];
  /** By name of the relation: `gates`, `adjacency`, `units/dense0`. */
  readonly relations: { readonly [name: string]: LearnedRelation };
}

/** One relation that a model has learned. */
export interface LearnedRelation {
  /** `overlap`: how much of the same two tasks use, symmetric; `flow`: row i, column j: the share of i in what j takes. */
  readonly kind: 'overlap' | 'flow';
  /** `[K][K]`; NaN where two tasks have no rows in common to compare. */
  readonly matrix: readonly (readonly number[])[];
}

/**
 * What a trained model has itself learned of how its tasks are related, from what its sharing strategy declares: gates over experts,
 * the adjacency of a graph of tasks, weights between networks.
 *
 * $$ O_{ij} = \overline{\sum_{p} \min(g_{i,p},\ g_{j,p})}, \qquad
 * F_{ij} = \frac{\overline{\lvert a_{j,i} \rvert}}{\sum_{s} \overline{\lvert a_{j,s} \rvert}} $$
 *
 * where the bar is the mean over rows (and channels),
 * - g_i are task i's shares of places, such as experts; p are the places that i and j have in common. O is the overlap: 1 where two
 *   tasks use the same alike, 0 where they use nothing in common;
 * - a_j is how much task j takes of each task. F is the flow; its columns sum to 1.
 *
 * Shapes: what `trainer.inspect` gives of any rows → `[K][K]` by relation; none where the strategy declares nothing.
 *
 * @remarks Weights say how much is taken, not whether it helps: features of different scale, or a head that undoes what was mixed, can
 * make a large weight worth little. Compare pairs within a model; over several seeds, since gates are free to settle differently.
 * @see J. Ma et al., "Modeling task relationships in multi-task learning with multi-gate mixture-of-experts", KDD 2018, section 3:
 * gates differ more where tasks are less related.
 * @example
 * ```ts
 * import { learnedRelations } from '@polytask/analysis';
 *
 * const gates = { a: [1, 0], b: [0.5, 0.5] };
 * const intermediates = Object.fromEntries(
 *   Object.entries(gates).map(([task, shares]) => [`gates/${task}`, { data: Float32Array.from(shares), shape: [1, 2] }]),
 * );
 * const relations = [{ name: 'gates', over: 'places', of: { a: 'gates/a', b: 'gates/b' } }] as const;
 * const seen = { outputs: { a: {}, b: {} }, features: {}, shared: undefined, intermediates, relations };
 * console.log(learnedRelations(seen).relations.gates?.matrix); // => [ [ 1, 0.5 ], [ 0.5, 1 ] ]
 * ```
 */
export function learnedRelations({ outputs, intermediates, relations }: Inspection): LearnedRelations {
  const tasks = Object.keys(outputs);
  const found = relations.map(({ name, over, of, places }) => {
    const shown = tasks.map((task) => intermediates[of[task] as string] as HostTensor);
    const named = tasks.map((task) => places?.[task]);
    const relation: LearnedRelation =
      over === 'places' ? { kind: 'overlap', matrix: overlaps(shown, named) } : { kind: 'flow', matrix: flows(shown) };
    return [name, relation] as const;
  });
  return { tasks, relations: Object.fromEntries(found) };
}

function overlaps(shares: readonly HostTensor[], places: readonly (readonly string[] | undefined)[]): number[][] {
  return taskMatrix(shares.length, (i, j) => {
    const [a, b] = [shares[i], shares[j]] as [HostTensor, HostTensor];
    const [m, n] = [a.shape.at(-1) as number, b.shape.at(-1) as number];
    const rows = a.data.length / m;
    if (rows !== b.data.length / n) return Number.NaN;
    let sum = 0;
    for (let p = 0; p < m; p++) {
      const name = places[i]?.[p];
      const q = name === undefined ? p : (places[j] as readonly string[]).indexOf(name);
      if (q < 0) continue;
      for (let row = 0; row < rows; row++)
        sum += Math.min(a.data[row * m + p] as number, b.data[row * n + q] as number);
    }
    return sum / rows;
  });
}

function flows(weights: readonly HostTensor[]): number[][] {
  const k = weights.length;
  const taken = weights.map(({ data }) => {
    const sizes = new Array<number>(k).fill(0);
    data.forEach((value, at) => {
      sizes[at % k] = (sizes[at % k] as number) + Math.abs(value);
    });
    const all = sizes.reduce((sum, size) => sum + size, 0);
    return sizes.map((size) => size / all);
  });
  return taskMatrix(k, (i, j) => taken[j]?.[i] as number);
}

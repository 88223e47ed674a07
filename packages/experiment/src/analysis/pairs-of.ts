import { setImmediate } from 'node:timers/promises';

/** Indices of all pairs of a list, each once. */
export function pairsOf(list: readonly unknown[]): [number, number][] {
  return list.flatMap((_, i) => list.slice(i + 1).map((__, n): [number, number] => [i, i + 1 + n]));
}

/** What is found of the pairs of a list, and whether of all of them. */
export interface FoundOfPairs<Found> {
  readonly pairs: Found[];
  readonly complete: boolean;
}

/** Looks at one pair after the other while there is time. Between two of them signals are heard: with 40 tasks there are 780 pairs. */
export async function ofPairs<Found>(
  list: readonly unknown[],
  goesOn: () => boolean,
  look: (i: number, j: number) => readonly Found[],
): Promise<FoundOfPairs<Found>> {
  const pairs: Found[] = [];
  for (const [i, j] of pairsOf(list)) {
    await setImmediate();
    if (!goesOn()) return { pairs, complete: false };
    pairs.push(...look(i, j));
  }
  return { pairs, complete: true };
}

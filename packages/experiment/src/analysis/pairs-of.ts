/** Indices of all pairs of a list, each once. */
export function pairsOf(list: readonly unknown[]): [number, number][] {
  return list.flatMap((_, i) => list.slice(i + 1).map((__, n): [number, number] => [i, i + 1 + n]));
}

import { taskMatrix } from '../numbers/matrices.js';

/** Sums over looks for every pair of objectives, as plain data that a checkpoint keeps. */
export type PairSums = { readonly sums: Float64Array; readonly counts: Float64Array };

/** No look yet. */
export function noPairs(k: number): PairSums {
  return { sums: new Float64Array(k * k), counts: new Float64Array(k * k) };
}

/** Adds what one look found for a pair; what is not finite is not counted. */
export function addPair({ sums, counts }: PairSums, place: number, value: number): void {
  if (!Number.isFinite(value)) return;
  sums[place] = (sums[place] as number) + value;
  counts[place] = (counts[place] as number) + 1;
}

/** Means over looks `[K][K]`; NaN for pairs never seen together. */
export function pairMeans({ sums, counts }: PairSums): number[][] {
  const k = Math.round(Math.sqrt(sums.length));
  return taskMatrix(k, (i, j) => (sums[i * k + j] as number) / (counts[i * k + j] as number));
}

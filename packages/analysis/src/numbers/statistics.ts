import { spearman } from '@polytask/core';

/** Mean of some numbers; NaN of none. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** The middle of some numbers; NaN of none. */
export function medianOf(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[half] as number;
  return ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}

/** Pearson's correlation of two lists without gaps; NaN where one is all the same. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [both, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [(a[i] as number) - meanA, (b[i] as number) - meanB];
    both += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  // What rounding makes of a constant is no variation.
  const least = (mean: number) => (mean * 1e-14) ** 2 * a.length;
  if (!(squaresA > least(meanA)) || !(squaresB > least(meanB))) return Number.NaN;
  return Math.min(1, Math.max(-1, both / (Math.sqrt(squaresA) * Math.sqrt(squaresB))));
}

/** Spearman's rank correlation of two lists without gaps, by core's metric, to the precision of float32; NaN where one is all the same. */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const tensor = (values: ArrayLike<number>) => ({ data: Float32Array.from(values), shape: [values.length] });
  const running = spearman().start();
  running.update({ predictions: tensor(a), targets: tensor(b), weights: new Float32Array(a.length).fill(1) });
  return running.result();
}

/** Numbers that two sides share, by their pairs: how often the k-th value of one meets the l-th of the other. */
export interface CrossTable {
  /** `[rows of the table][columns]` */
  readonly counts: readonly (readonly number[])[];
  readonly rowSums: readonly number[];
  readonly columnSums: readonly number[];
  readonly total: number;
}

/** Counts pairs of classes; classes that do not occur have no row or column. */
export function crossTable(a: ArrayLike<number>, b: ArrayLike<number>): CrossTable {
  const [places, others] = [placesOf(a), placesOf(b)];
  const counts = Array.from({ length: places.size }, () => new Array<number>(others.size).fill(0));
  for (let i = 0; i < a.length; i++) {
    const row = counts[places.get(a[i] as number) as number] as number[];
    const column = others.get(b[i] as number) as number;
    row[column] = (row[column] as number) + 1;
  }
  const rowSums = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columnSums = [...others.values()].map((column) =>
    counts.reduce((sum, row) => sum + (row[column] as number), 0),
  );
  return { counts, rowSums, columnSums, total: a.length };
}

function placesOf(values: ArrayLike<number>): Map<number, number> {
  const places = new Map<number, number>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!places.has(value)) places.set(value, places.size);
  }
  return places;
}

/** Entropy of counts, in nats. */
export function entropyOf(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => (count > 0 ? sum - (count / total) * Math.log(count / total) : sum), 0);
}

/** Mutual information of two lists of classes, in nats, by the shares in which they occur. */
export function informationOf({ counts, rowSums, columnSums, total }: CrossTable): number {
  let sum = 0;
  counts.forEach((row, i) => {
    row.forEach((count, j) => {
      if (count === 0) return;
      sum += (count / total) * Math.log((count * total) / (rowSums[i] as number) / (columnSums[j] as number));
    });
  });
  return Math.max(0, sum);
}

import { requireOption, uniformStream } from '@polytask/core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { requireTaskMatrix, type TaskMatrix, taskMatrix } from '../numbers/matrices.js';
import { clustersOf } from './clusters-of.js';

/** How {@link spectralClustering} works. */
export interface SpectralOptions {
  /** Number of clusters. */
  readonly clusters: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Spectral clustering: parts tasks so that there is much similarity within clusters and little between them.
 *
 * $$ L = I - D^{-1/2}\, W\, D^{-1/2}, \qquad D = \operatorname{diag}(W \mathbf 1) $$
 *
 * The eigenvectors of the `clusters` least eigenvalues of L give each task a row, which is scaled to length 1; k-means parts the rows.
 *
 * Shapes: similarities `[K][K]`, not below 0 → clusters of task indices.
 *
 * @remarks W is made symmetric by the mean of both directions and has no diagonal. Affinities may be below 0: exp(Z / τ) will do.
 * K-means begins ten times with seeds far apart, by a seeded stream.
 * @throws `POLYTASK_SHAPE_MISMATCH` for a matrix that is not square; `POLYTASK_INVALID_OPTION` for similarities below 0, or a number of
 * clusters that there cannot be.
 * @see A. Ng, M. Jordan and Y. Weiss, "On spectral clustering", NeurIPS 2001.
 * @example
 * ```ts
 * import { spectralClustering } from '@polytask/analysis';
 *
 * console.log(spectralClustering([[0, 0.1, 0.9], [0.1, 0, 0], [0.8, 0, 0]], { clusters: 2 })); // => [ [ 0, 2 ], [ 1 ] ]
 * ```
 */
export function spectralClustering(similarities: TaskMatrix, { clusters, seed = 0 }: SpectralOptions): number[][] {
  requireTaskMatrix('The similarity matrix', similarities);
  const k = similarities.length;
  const fits = Number.isInteger(clusters) && clusters >= 1 && clusters <= k;
  requireOption(fits, 'clusters', `a whole number from 1 to ${k}`, clusters);
  const weights = taskMatrix(k, (i, j) =>
    i === j ? 0 : ((similarities[i]?.[j] as number) + (similarities[j]?.[i] as number)) / 2,
  );
  const least = Math.min(0, ...weights.flat());
  requireOption(least >= 0, 'similarities', 'numbers from 0', least);
  const degrees = weights.map((row) => row.reduce((sum, value) => sum + value, 0));
  const laplacian = taskMatrix(k, (i, j) => {
    const scale = Math.sqrt((degrees[i] as number) * (degrees[j] as number));
    return (i === j ? 1 : 0) - (scale > 0 ? (weights[i]?.[j] as number) / scale : 0);
  });
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(laplacian), {
    assumeSymmetric: true,
  });
  const chosen = realEigenvalues
    .map((value, index) => ({ value, index }))
    .sort((a, b) => a.value - b.value)
    .slice(0, clusters);
  const points = Array.from({ length: k }, (_, task) => {
    const row = chosen.map(({ index }) => eigenvectorMatrix.get(task, index));
    const length = Math.hypot(...row) || 1;
    return row.map((value) => value / length);
  });
  return clustersOf(kMeans(points, clusters, seed));
}

/** The cluster of every point; the best of ten starts. */
function kMeans(points: readonly number[][], clusters: number, seed: number): number[] {
  let best: { labels: number[]; cost: number } | undefined;
  for (let start = 0; start < 10; start++) {
    const found = lloyd(points, spreadSeeds(points, clusters, uniformStream(seed, 'k-means', start)));
    if (best === undefined || found.cost < best.cost - 1e-12) best = found;
  }
  return best?.labels ?? [];
}

const squaredDistance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, n) => sum + (value - (b[n] as number)) ** 2, 0);

/** One point at random, then each with a chance in proportion to its squared distance from those chosen (k-means++). */
function spreadSeeds(points: readonly number[][], clusters: number, uniform: () => number): number[][] {
  const chosen = [points[Math.floor(uniform() * points.length)] as number[]];
  while (chosen.length < clusters) {
    const distances = points.map((point) => Math.min(...chosen.map((centre) => squaredDistance(point, centre))));
    let left = uniform() * distances.reduce((sum, value) => sum + value, 0);
    const next = distances.findIndex((distance) => {
      left -= distance;
      return left < 0;
    });
    chosen.push(points[next < 0 ? distances.indexOf(Math.max(...distances)) : next] as number[]);
  }
  return chosen;
}

function lloyd(points: readonly number[][], seeds: readonly number[][]): { labels: number[]; cost: number } {
  let centres = seeds.map((seed) => [...seed]);
  let labels: number[] = [];
  for (let iteration = 0; iteration < 100; iteration++) {
    const nearest = points.map((point) => {
      const distances = centres.map((centre) => squaredDistance(point, centre));
      return distances.indexOf(Math.min(...distances));
    });
    if (nearest.every((label, n) => label === labels[n])) break;
    labels = nearest;
    centres = centres.map((centre, cluster) => {
      const members = points.filter((_, n) => labels[n] === cluster);
      if (members.length === 0) return centre;
      return centre.map((_, n) => members.reduce((sum, point) => sum + (point[n] as number), 0) / members.length);
    });
  }
  const cost = points.reduce(
    (sum, point, n) => sum + squaredDistance(point, centres[labels[n] as number] as number[]),
    0,
  );
  return { labels, cost };
}

import {
  defineGradientBalancing,
  type GradientBalancing,
  type GradientsOf,
  projectOnSimplex,
  unitGramian,
} from '@polytask/core';

/** Sener & Koltun 2018: the shortest convex combination of the gradients; of two in closed form, of more by projected descent. */
export function mgda(
  options: Pick<GradientBalancing, 'scale' | 'headGradients'> & { of?: GradientsOf } = {},
): GradientBalancing {
  const { of = 'shared', ...rest } = options;
  return defineGradientBalancing({
    name: 'mgda',
    options,
    gradientsOf: of,
    ...rest,
    bind: () => ({ weights: ({ gramian, tasks }) => shortest(gramian, tasks.length) }),
  });
}

/** w_1 = clip((G_22 − G_12) / (G_11 − 2 G_12 + G_22), 0, 1) for K = 2. */
function shortest(gramian: Float64Array, k: number): ArrayLike<number> {
  if (k === 1) return [1];
  if (k > 2) return descended(unitGramian(gramian).gramian, k);
  const [aa, ab, , bb] = gramian as unknown as [number, number, number, number];
  const difference = aa - 2 * ab + bb;
  const first = difference > 0 ? Math.min(1, Math.max(0, (bb - ab) / difference)) : 0.5;
  return [first, 1 - first];
}

/** Accelerated descent on ½ wᵀGw; no eigenvalue of G is larger than its trace. */
function descended(gramian: Float64Array, k: number): Float64Array {
  const trace = gramian.reduce((sum, value, i) => (i % (k + 1) === 0 ? sum + value : sum), 0);
  let weights: Float64Array = new Float64Array(k).fill(1 / k);
  let ahead = weights;
  for (let n = 1; n <= 400 && trace > 0; n++) {
    const here = ahead;
    const slope = here.map((_, i) => here.reduce((sum, w, j) => sum + w * (gramian[i * k + j] as number), 0));
    const next = projectOnSimplex(here.map((w, i) => w - (slope[i] as number) / trace));
    const last = weights;
    ahead = next.map((w, i) => w + ((n - 1) / (n + 2)) * (w - (last[i] as number)));
    weights = next;
  }
  return weights;
}

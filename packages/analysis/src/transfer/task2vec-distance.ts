import { requireSameRows } from '../numbers/matrices.js';

/** Which distance between two embeddings: see {@link task2vecDistance}. */
export type Task2VecDistance = 'cosine' | 'kl' | 'jsd';

/**
 * Distance between two tasks by the Fisher information that their losses have in the parameters of one network (Task2Vec):
 *
 * $$ d_{\cos}(a, b) = 1 - \cos\Big( \frac{F_a}{F_a + F_b},\ \frac{F_b}{F_a + F_b} \Big) $$
 *
 * or, with variances $v = 1 / F$ of normal distributions around the same parameters,
 *
 * $$ \text{KL}(a \Vert b) = \tfrac12 \sum_k \Big( \frac{v_a}{v_b} - 1 - \ln \frac{v_a}{v_b} \Big), \qquad
 * d_{kl} = \max\big(\text{KL}(a \Vert b), \text{KL}(b \Vert a)\big), \qquad
 * d_{jsd} = \tfrac12 \big( \text{KL}(a \Vert m) + \text{KL}(b \Vert m) \big) $$
 *
 * where $v_m = \tfrac12 (v_a + v_b)$.
 *
 * Shapes: two embeddings `[units]`, as `task2vec` gives them, → a number from 0.
 *
 * @remarks Units in which neither task has information are left out. The paper's asymmetric distance to a trivial task is not here.
 * For `kl` and `jsd` a millionth of the embeddings' mean is added everywhere, since a unit without information would be infinitely
 * far.
 * @param kind - Default `'cosine'`.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the embeddings differ in length.
 * @see A. Achille et al., "Task2Vec: task embedding for meta-learning", ICCV 2019, https://arxiv.org/abs/1902.03545.
 * @example
 * ```ts
 * import { task2vecDistance } from '@polytask/analysis';
 *
 * console.log(task2vecDistance([1, 0, 0], [0, 2, 0]), task2vecDistance([3, 4], [3, 4]).toFixed(6)); // => 1 0.000000
 * ```
 */
export function task2vecDistance(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  kind: Task2VecDistance = 'cosine',
): number {
  requireSameRows('The second embedding', b, a);
  const pairs = Array.from(a, (value, k): [number, number] => [value, b[k] as number]).filter(([x, y]) => x + y > 0);
  if (pairs.length === 0) return 0;
  if (kind === 'cosine') {
    let [both, ofA, ofB] = [0, 0, 0];
    for (const [x, y] of pairs) {
      const [p, q] = [x / (x + y), y / (x + y)];
      both += p * q;
      ofA += p * p;
      ofB += q * q;
    }
    // An embedding of zeros has nothing in common with any other.
    return ofA === 0 || ofB === 0 ? 1 : Math.max(0, 1 - both / Math.sqrt(ofA) / Math.sqrt(ofB));
  }
  const floor = (1e-6 * pairs.reduce((sum, [x, y]) => sum + x + y, 0)) / (2 * pairs.length);
  const variances = pairs.map(([x, y]): [number, number] => [1 / (x + floor), 1 / (y + floor)]);
  const divergence = (ratio: (pair: [number, number]) => number) =>
    variances.reduce((sum, pair) => sum + (ratio(pair) - 1 - Math.log(ratio(pair))) / 2, 0);
  if (kind === 'kl')
    return Math.max(
      divergence(([v, w]) => v / w),
      divergence(([v, w]) => w / v),
    );
  return (divergence(([v, w]) => v / ((v + w) / 2)) + divergence(([v, w]) => w / ((v + w) / 2))) / 2;
}

/**
 * Numbers to positive ones that sum to 1, whatever their size:
 *
 * $$ w_k = \frac{e^{x_k / \tau}}{\sum_j e^{x_j / \tau}} $$
 *
 * @param logits x, at least one.
 * @param temperature τ, positive. Default 1.
 * @example
 * ```ts
 * import { softmax } from '@polytask/core';
 *
 * softmax([1000, 1000]); // => Float64Array(2) [ 0.5, 0.5 ]
 * ```
 */
export function softmax(logits: ArrayLike<number>, temperature = 1): Float64Array {
  const numbers = Float64Array.from(logits);
  const most = Math.max(...numbers);
  const exponentials = numbers.map((logit) => Math.exp((logit - most) / temperature));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/**
 * The nearest point of the simplex, exactly: sorted once, the threshold t is known as soon as one more entry would fall below it.
 *
 * $$ \Pi(x) = \arg\min_{w \ge 0,\ \sum w = 1} \lVert w - x \rVert^2 = \big(\max(0, x_k - t)\big)_k $$
 *
 * @param point x, at least one number.
 * @see J. Duchi, S. Shalev-Shwartz, Y. Singer and T. Chandra, "Efficient projections onto the l1-ball for learning in high
 * dimensions", ICML 2008, https://doi.org/10.1145/1390156.1390191
 * @example
 * ```ts
 * import { projectOnSimplex } from '@polytask/core';
 *
 * projectOnSimplex([1, 0.5, -3]); // => Float64Array(3) [ 0.75, 0.25, 0 ]
 * ```
 */
export function projectOnSimplex(point: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(point).sort().reverse();
  let sum = 0;
  let threshold = 0;
  for (const [i, value] of sorted.entries()) {
    sum += value;
    const candidate = (sum - 1) / (i + 1);
    if (value <= candidate) break;
    threshold = candidate;
  }
  return Float64Array.from(point, (value) => Math.max(0, value - threshold));
}

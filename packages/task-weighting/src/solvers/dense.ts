/** x · y. */
export function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}

/** A x for a square A. */
export function product(matrix: Float64Array, vector: ArrayLike<number>): Float64Array {
  const k = vector.length;
  const result = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += (matrix[i * k + j] as number) * (vector[j] as number);
    result[i] = sum;
  }
  return result;
}

/** xᵀ A x, not below 0: of a Gramian, the square of the length of Σ x_i g_i. */
export function squaredLength(gramian: Float64Array, weights: ArrayLike<number>): number {
  return Math.max(0, dot(weights, product(gramian, weights)));
}

/** The diagonal of a square matrix. */
export function diagonal(matrix: Float64Array): Float64Array {
  const k = Math.round(Math.sqrt(matrix.length));
  return Float64Array.from({ length: k }, (_, i) => matrix[i * (k + 1)] as number);
}

/** The sum of the entries. */
export function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum;
}

/** S A S with a diagonal S; factors may be of very different sizes, so they are applied one after the other. */
export function rescaled(matrix: Float64Array, factors: Float64Array): Float64Array {
  const k = factors.length;
  const result = new Float64Array(matrix.length);
  for (let i = 0, at = 0; i < k; i++) {
    const factor = factors[i] as number;
    for (let j = 0; j < k; j++, at++) result[at] = (matrix[at] as number) * factor * (factors[j] as number);
  }
  return result;
}

/** y − a x, in place, from these places on. */
export function subtractMultiple(
  y: Float64Array,
  at: number,
  x: Float64Array,
  from: number,
  count: number,
  a: number,
): void {
  for (let i = 0; i < count; i++) y[at + i] = (y[at + i] as number) - a * (x[from + i] as number);
}

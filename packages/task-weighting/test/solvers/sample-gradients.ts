import fc from 'fast-check';

/** G = J Jᵀ. */
export function gramianOf(rows: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(rows.flatMap((a) => rows.map((b) => inner(a, b))));
}

/** a · b. */
export function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

/** Σ w_k g_k. */
export function combined(rows: readonly (readonly number[])[], weights: ArrayLike<number>): number[] {
  return (rows[0] ?? []).map((_, i) =>
    rows.reduce((sum, row, k) => sum + (row[i] as number) * (weights[k] as number), 0),
  );
}

/** Gradients of two to six tasks: some zero, some equal or parallel to others, of lengths within `decades` powers of ten of 1. */
export function gradients(decades: number): fc.Arbitrary<number[][]> {
  const row = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 });
  const special = fc.record({
    row,
    like: fc.integer({ min: -3, max: 6 }),
    exponent: fc.integer({ min: -decades, max: decades }),
  });
  return fc.array(special, { minLength: 2, maxLength: 6 }).map((parts) =>
    parts.map(({ row: own, like, exponent }, k) => {
      const chosen = like < 0 ? own.map(() => 0) : like < 3 ? own : (parts[like - 3]?.row ?? own);
      return chosen.map((value) => (k % 2 === 0 ? value : -value) * 10 ** exponent);
    }),
  );
}

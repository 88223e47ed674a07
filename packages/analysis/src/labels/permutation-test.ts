import { permutation, uniformStream } from '@polytask/core';

/** How a permutation test draws. */
export interface PermutationOptions {
  /** How often one side is shuffled; 0: no test. Default 200. */
  readonly permutations?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** What shuffled data give. */
export interface PermutationTest {
  /**
   * How probable a value as large or larger is without any dependence: $(1 + \#\{v_s \ge v\}) / (1 + S)$; NaN without shuffles. At
   * least 1 / (1 + S).
   */
  readonly pValue: number;
  /** Mean of the value over shuffled data: what chance alone gives. NaN without shuffles. */
  readonly byChance: number;
}

/**
 * Compares a measure of dependence with what it is where there is none, one side's rows being shuffled.
 *
 * @param value - Of the data as they are.
 * @param measure - The value when row n of one side meets row `order[n]` of the other.
 */
export function permutationTest(
  value: number,
  rows: number,
  measure: (order: Uint32Array) => number,
  { permutations = 200, seed = 0 }: PermutationOptions = {},
): PermutationTest {
  const uniform = uniformStream(seed, 'permutation-test');
  let [atLeast, sum] = [0, 0];
  for (let shuffle = 0; shuffle < permutations; shuffle++) {
    const found = measure(permutation(rows, uniform));
    sum += found;
    // Equal values may differ by rounding.
    if (found >= value - 1e-12 * Math.max(1, Math.abs(value))) atLeast += 1;
  }
  if (permutations === 0) return { pValue: Number.NaN, byChance: Number.NaN };
  return { pValue: (1 + atLeast) / (1 + permutations), byChance: sum / permutations };
}

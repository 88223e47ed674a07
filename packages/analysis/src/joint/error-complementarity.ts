import { requireSameRows } from '../numbers/matrices.js';
import { correlation, medianOf } from '../numbers/statistics.js';

/** What {@link errorComplementarity} finds. */
export interface ErrorComplementarity {
  /** Share of rows in which both are wrong. */
  readonly doubleFault: number;
  /** What that share would be if errors were independent. */
  readonly doubleFaultByChance: number;
  /** Share of rows in which exactly one is wrong. */
  readonly disagreement: number;
  /** Yule's Q: 1 where errors always fall together, 0 where they are independent, −1 where they never do. NaN where that is 0 / 0. */
  readonly q: number;
  /** Correlation between being wrong in one and in the other; NaN where a side is always or never wrong. */
  readonly correlation: number;
  /** Rows that both have. */
  readonly rows: number;
}

/**
 * Whether the errors of two tasks fall on the same rows: if they do not, one task can stand in where the other fails.
 *
 * $$ \text{double fault} = N^{00}, \qquad \text{disagreement} = N^{01} + N^{10}, \qquad
 * Q = \frac{N^{11} N^{00} - N^{01} N^{10}}{N^{11} N^{00} + N^{01} N^{10}} $$
 *
 * where N are shares of rows, 1 standing for a task that is right and 0 for one that is wrong.
 *
 * Shapes: two lists `[rows]`, 1 (or true) where a prediction is wrong, 0 where it is right, NaN where there is no label → numbers over
 * the rows that both have.
 *
 * @throws `POLYTASK_SHAPE_MISMATCH` where the lists differ in length.
 * @see L. Kuncheva and C. Whitaker, "Measures of diversity in classifier ensembles", Machine Learning 51, 2003.
 * @example
 * ```ts
 * import { errorComplementarity } from '@polytask/analysis';
 *
 * const { doubleFault, disagreement, q } = errorComplementarity([1, 0, 0, 1, 0], [1, 1, 0, 0, 0]);
 * console.log(doubleFault, disagreement, q.toFixed(2)); // => 0.2 0.4 0.33
 * ```
 */
export function errorComplementarity(
  a: ArrayLike<number | boolean>,
  b: ArrayLike<number | boolean>,
): ErrorComplementarity {
  requireSameRows('The second list of errors', b, a);
  const pairs: [number, number][] = [];
  for (let row = 0; row < a.length; row++) {
    const [x, y] = [Number(a[row]), Number(b[row])];
    if (!Number.isNaN(x) && !Number.isNaN(y)) pairs.push([x > 0 ? 1 : 0, y > 0 ? 1 : 0]);
  }
  const share = (wrongA: number, wrongB: number) =>
    pairs.filter(([x, y]) => x === wrongA && y === wrongB).length / pairs.length;
  const [both, onlyA, onlyB, none] = [share(1, 1), share(1, 0), share(0, 1), share(0, 0)];
  const [agree, differ] = [none * both, onlyA * onlyB];
  return {
    doubleFault: both,
    doubleFaultByChance: (both + onlyA) * (both + onlyB),
    disagreement: onlyA + onlyB,
    q: (agree - differ) / (agree + differ),
    correlation: correlation(
      pairs.map(([x]) => x),
      pairs.map(([, y]) => y),
    ),
    rows: pairs.length,
  };
}

/**
 * Which rows of a regression count as errors: those whose error is above the median of all.
 *
 * Shapes: values and predictions `[rows]` → `[rows]` of 1, 0, and NaN where there is no label.
 *
 * @remarks Half of the rows count, by definition; what can then be compared between tasks is where errors fall, not how large they are.
 * @param values - NaN where there is no label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the lists differ in length.
 * @example
 * ```ts
 * import { largeErrors } from '@polytask/analysis';
 *
 * console.log(largeErrors([1, 2, 3, 4, NaN], [1, 5, 3.5, 9, 0])); // => Float64Array(5) [ 0, 1, 0, 1, NaN ]
 * ```
 */
export function largeErrors(values: ArrayLike<number>, predictions: ArrayLike<number>): Float64Array {
  requireSameRows('`predictions`', predictions, values);
  const errors = Float64Array.from(values, (value, row) => Math.abs(value - (predictions[row] as number)));
  const middle = medianOf(errors.filter(Number.isFinite));
  return errors.map((error) => (Number.isNaN(error) ? Number.NaN : error > middle ? 1 : 0));
}

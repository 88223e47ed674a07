import { requireSameRows } from '../numbers/matrices.js';

/** Labels of one task, row by row; a row without a label has NaN, or a class below 0. */
export interface LabelValues {
  readonly kind: 'classes' | 'numbers';
  readonly values: ArrayLike<number>;
}

/** Whether a row has a label. */
export function isLabelled({ kind, values }: LabelValues, row: number): boolean {
  const value = values[row] as number;
  return kind === 'classes' ? value >= 0 : Number.isFinite(value);
}

/**
 * What two lists have in the rows in which both have a number.
 *
 * @param missing - What counts as none. Default: what is not finite.
 */
export function bothPresent(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  isThere: (value: number, side: 0 | 1) => boolean = Number.isFinite,
): [Float64Array, Float64Array] {
  requireSameRows('The second list', b, a);
  const kept: [number[], number[]] = [[], []];
  for (let row = 0; row < a.length; row++) {
    const [x, y] = [a[row] as number, b[row] as number];
    if (!isThere(x, 0) || !isThere(y, 1)) continue;
    kept[0].push(x);
    kept[1].push(y);
  }
  return [Float64Array.from(kept[0]), Float64Array.from(kept[1])];
}

/** Classes of two lists in the rows in which both have one. */
export function bothClasses(a: ArrayLike<number>, b: ArrayLike<number>): [Float64Array, Float64Array] {
  return bothPresent(a, b, (value) => value >= 0);
}

import { PolytaskError } from '../../errors/polytask-error.js';

/**
 * Fails a check unless `condition` holds.
 *
 * @param message - What was required, what was found, what to do; only made where it is needed.
 */
export function requireThat(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new PolytaskError('POLYTASK_CONFORMANCE', message());
}

/** Fails a check unless all numbers are finite. */
export function requireFinite(numbers: ArrayLike<number>, what: () => string): void {
  const bad = Array.from(numbers).findIndex((number) => !Number.isFinite(number));
  requireThat(bad < 0, () => `${what()} must be finite, but number ${bad} of ${numbers.length} is ${numbers[bad]}.`);
}

/** Fails a check unless two lists of numbers are the same to within a share of their size (of 1, where they are smaller). */
export function requireClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  within: number,
  what: (at: number) => string,
): void {
  requireThat(
    found.length === expected.length,
    () => `${what(0)}: there are ${found.length} numbers instead of ${expected.length}.`,
  );
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [found[i] as number, expected[i] as number];
    const same = Object.is(a, b) || Math.abs(a - b) <= within * Math.max(1, Math.abs(b));
    requireThat(same, () => `${what(i)}: number ${i} is ${a} instead of ${b}.`);
  }
}

/** Where two values of plain data differ, in words; undefined where they do not. Typed arrays are compared entry by entry. */
export function differenceOf(found: unknown, expected: unknown, place = ''): string | undefined {
  if (Object.is(found, expected)) return undefined;
  const at = place === '' ? 'the whole' : `\`${place}\``;
  if (typeof found !== 'object' || typeof expected !== 'object' || found === null || expected === null) {
    return `${at} is ${String(found)} instead of ${String(expected)}`;
  }
  const [a, b] = [found as Record<string, unknown>, expected as Record<string, unknown>];
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${at} is of another type`;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const difference = differenceOf(a[key], b[key], place === '' ? key : `${place}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

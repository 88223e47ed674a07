/** More names than these are not read; the rest is counted. */
const most = 12;

/** How {@link listNames} writes names. */
export interface ListNamesOptions {
  /** Whether names stand as they are, without backquotes. Default false. */
  readonly plain?: boolean;
}

/**
 * Names as a message says them: up to 12 of them, and how many more there are; "none" where there is none. The nearest word, which
 * a message adds, may be among those left out.
 *
 * @example
 * ```ts
 * import { listNames } from '@polytask/core';
 *
 * console.log(listNames(['age', 'income'])); // => `age`, `income`
 * console.log(listNames(Array.from({ length: 14 }, (_, i) => `x${i}`), { plain: true })); // => x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 and 2 more
 * ```
 */
export function listNames(names: readonly string[], { plain = false }: ListNamesOptions = {}): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, most).map((name) => (plain ? name : `\`${name}\``));
  const left = names.length - shown.length;
  return `${shown.join(', ')}${left === 0 ? '' : ` and ${left} more`}`;
}

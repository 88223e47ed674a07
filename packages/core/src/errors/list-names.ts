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
 * const many = [...'abcdefghijklmn'];
 * console.log(listNames(many, { plain: true })); // => a, b, c, d, e, f, g, h, i, j, k, l and 2 more
 * ```
 */
export function listNames(names: readonly string[], { plain = false }: ListNamesOptions = {}): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, most).map((name) => (plain ? name : `\`${name}\``));
  const left = names.length - shown.length;
  return `${shown.join(', ')}${left === 0 ? '' : ` and ${left} more`}`;
}

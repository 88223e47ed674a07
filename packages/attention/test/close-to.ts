import { expect } from 'vitest';

type Nested = number | readonly Nested[];

/** The same numbers in the same shape, to within 1e-5 of each. */
export function closeTo(found: Nested, wanted: Nested, within = 1e-5): void {
  if (typeof wanted === 'number') {
    const difference = Math.abs((found as number) - wanted);
    expect(difference, `${found} against ${wanted}`).toBeLessThanOrEqual(within * Math.max(1, Math.abs(wanted)));
    return;
  }
  expect((found as readonly Nested[]).length).toBe(wanted.length);
  wanted.forEach((one, i) => {
    closeTo((found as readonly Nested[])[i] as Nested, one, within);
  });
}

import type { JacobianHandle } from '@polytask/core';

/** Tasks with a label in every one of these batches. */
export function presentIn(first: JacobianHandle, ...others: readonly JacobianHandle[]): number[] {
  return first.active.filter((i) => others.every(({ active }) => active.includes(i)));
}

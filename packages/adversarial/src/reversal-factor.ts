import type { StepInfo } from '@polytask/core';

/**
 * How much of the reversed gradient counts, rising from 0 to 1 in the course of training:
 *
 * $$ \lambda(p) = \frac{2}{1 + e^{-10 p}} - 1 $$
 *
 * where p in [0, 1] is the part of all steps that are done.
 *
 * @param step The step about to be taken. Where the run has no end of its own the factor is 1.
 * @see Y. Ganin et al., "Domain-adversarial training of neural networks", JMLR 17, 2016,
 * https://jmlr.org/papers/v17/15-239.html
 * @example
 * ```ts
 * import { firstStep } from '@polytask/core';
 * import { reversalFactor } from '@polytask/adversarial';
 *
 * reversalFactor({ ...firstStep, step: 50, totalSteps: 100 }).toFixed(4); // => '0.9866'
 * ```
 */
export function reversalFactor({ step, totalSteps }: StepInfo): number {
  if (totalSteps === null) return 1;
  return 2 / (1 + Math.exp((-10 * Math.min(step, totalSteps)) / totalSteps)) - 1;
}

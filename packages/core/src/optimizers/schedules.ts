import type { LearningRateSchedule } from '../contracts/optimizer.js';
import { requireOption } from '../errors/invalid-option-error.js';

/**
 * Half a cosine from 1 down to `floor` over `steps` steps, then `floor`.
 *
 * $$ f(t) = \text{floor} + (1-\text{floor})\,\tfrac12\bigl(1 + \cos(\pi \min(t, T)/T)\bigr) $$
 *
 * @param steps - T, a positive number of steps.
 * @param floor - value at the end, default 0.
 * @see I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, https://arxiv.org/abs/1608.03983
 * @example
 * ```ts
 * import { cosineDecay } from '@polytask/core';
 *
 * console.log(cosineDecay(100)(100)); // => 0
 * ```
 */
export function cosineDecay(steps: number, floor = 0): LearningRateSchedule {
  requireOption(steps > 0, 'steps', 'a positive number of steps', steps);
  return (step) => floor + (1 - floor) * 0.5 * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps));
}

/**
 * Multiplies by `factor` after every `every` steps: $f(t) = \text{factor}^{\lfloor t/\text{every} \rfloor}$.
 *
 * @example
 * ```ts
 * import { stepDecay } from '@polytask/core';
 *
 * console.log(stepDecay(10, 0.5)(25)); // => 0.25
 * ```
 */
export function stepDecay(every: number, factor: number): LearningRateSchedule {
  requireOption(every > 0, 'every', 'a positive number of steps', every);
  requireOption(factor > 0, 'factor', 'a positive number', factor);
  return (step) => factor ** Math.floor(step / every);
}

/**
 * Rises from 1/steps to 1 over the first `steps` steps, then follows `then` (default: stays 1): $f(t) = \min(1, (t+1)/T)$ times
 * `then(t)`.
 *
 * @see P. Goyal et al., "Accurate, Large Minibatch SGD", 2017, https://arxiv.org/abs/1706.02677
 * @example
 * ```ts
 * import { cosineDecay, warmUp } from '@polytask/core';
 *
 * console.log(warmUp(10, cosineDecay(1000))(4)); // => 0.49998026105095406
 * ```
 */
export function warmUp(steps: number, then: LearningRateSchedule = () => 1): LearningRateSchedule {
  requireOption(steps > 0, 'steps', 'a positive number of steps', steps);
  return (step) => Math.min(1, (step + 1) / steps) * then(step);
}

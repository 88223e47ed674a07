import type { LossRange } from '../contracts/loss-weighting.js';
import { PolytaskError } from '../errors/polytask-error.js';

/**
 * Refuses losses that a balancing is not defined for.
 *
 * @param losses `[K]`, NaN for tasks that are absent.
 */
export function requireLosses(
  { name, leastLoss }: LossRange & { readonly name: string },
  losses: ArrayLike<number>,
  objectives: readonly string[],
  step: number,
): void {
  if (leastLoss === undefined) return;
  objectives.forEach((objective, k) => {
    const least = typeof leastLoss === 'number' ? leastLoss : leastLoss(objective);
    const loss = losses[k] as number;
    if (!(loss < least)) return;
    throw new PolytaskError(
      'POLYTASK_LOSS_TOO_LOW',
      `\`${name}\` is defined for losses of ${least} and above, but that of task \`${objective}\` is ${loss} at step ${step}. ` +
        'Use a loss that cannot be lower, or another balancing.',
    );
  });
}

import type { Strategy } from '../../contracts/strategy.js';

/**
 * What holds for some methods and not for others; the kit checks what an author claims.
 *
 * - `'order-of-tasks'`: tasks in another order get the same weights, or the same predictions. Not where something is drawn for them one by
 *   one.
 * - `'positive-weights'`: no weight is negative.
 * - `'non-conflicting'`: no step along the direction makes a task worse, J d ≥ 0.
 * - `'non-negative'`: an auxiliary term is never below 0.
 */
export type Claim = 'order-of-tasks' | 'positive-weights' | 'non-conflicting' | 'non-negative';

/** Which claims the kit can check of which kind. */
export const claimsOf: { readonly [kind in Strategy['kind']]: readonly Claim[] } = {
  sharing: ['order-of-tasks'],
  'loss-weighting': ['order-of-tasks', 'positive-weights'],
  'gradient-balancing': ['order-of-tasks', 'positive-weights', 'non-conflicting'],
  'step-plan': [],
  auxiliary: ['non-negative'],
  schedule: [],
};

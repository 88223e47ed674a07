import { requireOption } from '@polytask/core';
import { mapWeights, requireSameWeights, type Weights } from './weights.js';

/** Options of {@link taskArithmetic}. */
export interface TaskArithmeticOptions {
  /** λ. Default 0.3, as the paper. */
  readonly scale?: number | undefined;
}

/**
 * Task arithmetic: what each model has learned is added to the start they all had.
 *
 * $$ \theta = \theta_0 + \lambda \sum_t (\theta_t - \theta_0) $$
 *
 * @param start θ₀, what all models began with.
 * @throws `POLYTASK_MERGE` for models of different variables; `POLYTASK_INVALID_OPTION`.
 * @see G. Ilharco et al., "Editing models with task arithmetic", ICLR 2023, https://arxiv.org/abs/2212.04089
 * @example
 * ```ts
 * import { taskArithmetic } from '@polytask/complementarity';
 * import { hostTensor } from '@polytask/core';
 *
 * const at = (...numbers: number[]) => ({ w: hostTensor(numbers) });
 * console.log(taskArithmetic(at(1, 1), [at(2, 1), at(1, 3)], { scale: 0.5 }).w?.data); // => Float32Array(2) [ 1.5, 2 ]
 * ```
 */
export function taskArithmetic(
  start: Weights,
  models: readonly Weights[],
  { scale = 0.3 }: TaskArithmeticOptions = {},
): Weights {
  requireOption(Number.isFinite(scale), 'scale', 'a number', scale);
  requireSameWeights(models, start);
  return mapWeights([start, ...models], ([from = [], ...values]) =>
    Float64Array.from(
      from,
      (value, i) => value + scale * values.reduce((sum, one) => sum + (one[i] as number) - value, 0),
    ),
  );
}

import { requireOption, uniformFloats } from '@polytask/core';
import { mapWeights, requireSameWeights, type Weights } from './weights.js';

/** Options of {@link dropDeltas}. */
export interface DropOptions {
  /** p, how probable it is that a change goes. Default 0.5. */
  readonly drop?: number | undefined;
  /** Of what goes. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * DARE: of what each model has learned a random part goes, and what stays grows for it. Of the models that come out any merging is taken.
 *
 * $$ \theta'_t = \theta_0 + \frac{m_t \odot (\theta_t - \theta_0)}{1 - p}, \qquad m_{t,i} \sim \mathrm{Bernoulli}(1 - p) $$
 *
 * @param start θ₀, what all models began with.
 * @throws `POLYTASK_MERGE` for models of different variables; `POLYTASK_INVALID_OPTION`.
 * @see L. Yu, B. Yu, H. Yu, F. Huang and Y. Li, "Language models are super Mario", ICML 2024, https://arxiv.org/abs/2311.03099
 * @example
 * ```ts
 * import { dropDeltas } from '@polytask/complementarity';
 * import { hostTensor } from '@polytask/core';
 *
 * const start = { w: hostTensor([0, 0, 0, 0]) };
 * const [model] = dropDeltas(start, [{ w: hostTensor([1, 1, 1, 1]) }], { drop: 0.5, seed: 1 });
 * console.log(model?.w?.data.every((value) => value === 0 || value === 2)); // => true
 * ```
 */
export function dropDeltas(
  start: Weights,
  models: readonly Weights[],
  { drop = 0.5, seed = 0 }: DropOptions = {},
): Weights[] {
  requireOption(drop >= 0 && drop < 1, 'drop', 'a number from 0 to below 1', drop);
  requireOption(Number.isSafeInteger(seed), 'seed', 'a whole number', seed);
  requireSameWeights(models, start);
  return models.map((model, t) =>
    mapWeights([start, model], ([from = [], to = []], path) => {
      const draws = uniformFloats(from.length, seed, 'dare', t, path);
      return Float64Array.from(from, (value, i) =>
        (draws[i] as number) < drop ? value : value + ((to[i] as number) - value) / (1 - drop),
      );
    }),
  );
}

import type { Optimizer } from '../contracts/optimizer.js';
import { type AdamOptions, adamLike } from './adam.js';

/** Options of {@link adamW}. */
export interface AdamWOptions extends AdamOptions {
  /** λ, default 0.01 (as PyTorch). Balancing variables do not decay unless `groups` says so. */
  readonly decay?: number;
}

/**
 * Adam with decoupled weight decay.
 *
 * $$ \theta \leftarrow (1 - \eta\lambda)\,\theta - \eta\,\hat m / (\sqrt{\hat v} + \epsilon) $$
 *
 * @param options - those of {@link adam}, and `decay` λ default 0.01.
 * @throws `POLYTASK_INVALID_OPTION`
 * @see I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, https://arxiv.org/abs/1711.05101
 * @example
 * ```ts
 * import { adamW } from '@polytask/core';
 *
 * console.log(adamW({ decay: 0.1 }).decay); // => 0.1
 * ```
 */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const { decay = 0.01, ...rest } = options;
  return adamLike('adam-w', rest, decay);
}

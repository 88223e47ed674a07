import { describePart } from '../options/describe-part.js';
import { extend, type OptionsOf, withDefault } from '../options/option.js';
import { number } from '../options/takes.js';
import { adamLike, adamOptions } from './adam.js';

const options = extend(adamOptions, {
  decay: withDefault(
    number({ from: 0 }),
    0.01,
    'Weight decay, λ; balancing variables do not decay unless `groups` says so.',
    'PyTorch',
  ),
});

/** Options of {@link adamW}. */
export type AdamWOptions = OptionsOf<typeof options>;

/**
 * Adam with decoupled weight decay.
 *
 * $$ \theta \leftarrow (1 - \eta\lambda)\,\theta - \eta\,\hat m / (\sqrt{\hat v} + \epsilon) $$
 *
 * @throws `POLYTASK_INVALID_OPTION`
 * @example
 * ```ts
 * import { adamW } from '@polytask/core';
 *
 * console.log(adamW({ decay: 0.1 }).decay); // => 0.1
 * ```
 */
export const adamW = describePart('optimizer', {
  name: 'adam-w',
  summary: 'Adam with decoupled weight decay.',
  cites: [
    {
      authors: 'I. Loshchilov and F. Hutter',
      title: 'Decoupled weight decay regularization',
      venue: 'ICLR',
      year: 2019,
      url: 'https://arxiv.org/abs/1711.05101',
    },
  ],
  options,
  make: ({ decay, ...given }) => adamLike(given, decay),
});

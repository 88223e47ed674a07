import { describePart, type OptionsOf, part, required } from '@polytask/core';
import { bindExtraction, extractionOptions } from './extraction.js';

const options = {
  encoder: required(part('encoder'), 'One expert; all experts are copies with weights of their own.'),
  ...extractionOptions,
};

/** Options of {@link cgc}. */
export type CgcOptions = OptionsOf<typeof options>;

/**
 * Customized gate control: experts for all tasks beside experts of each task alone, and a gate per task over both.
 *
 * $$ h_t = \sum_{k \in S \cup P_t} g_{t,k}(x)\, E_k(x), \qquad g_t(x) = \text{softmax}(W_t x + b_t) $$
 *
 * where
 * - S are the shared experts (`shared/expert<k>/...`), used by all tasks; P_t are task t's own
 *   (`own/<task>/expert<k>/...`);
 * - W_t, b_t are task t's gate (`gates/<task>/...`), over the shared experts first, then its own; x as in {@link mmoe}.
 *
 * `trainer.inspect` gives the gates as `intermediates['gates/<task>']`. The history has, by epoch, the mean shares
 * `cgc/gates/<task>/shared<k>` and `.../own<k>`, and `cgc/gates/<task>/entropy`.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ...features]` by task → outputs as each task declares them.
 *
 * @remarks Without experts of their own tasks have an {@link mmoe}; without shared ones nothing is shared. `ple` has
 * several levels of it.
 * @throws As {@link mmoe}; `POLYTASK_INVALID_OPTION` for a task without any expert; `POLYTASK_UNKNOWN_NAME` for numbers
 * of unknown tasks.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { cgc } from '@polytask/attention';
 *
 * cgc({ encoder: mlp([16]), sharedExperts: 2, taskExperts: { price: 3 } }).name; // => 'cgc'
 * ```
 */
export const cgc = /* @__PURE__ */ describePart('sharing', {
  name: 'cgc',
  summary: 'Experts for all tasks and experts of each task alone; a gate per task over both.',
  cites: [
    {
      authors: 'H. Tang, J. Liu, M. Zhao and X. Gong',
      title:
        'Progressive layered extraction (PLE): a novel multi-task learning (MTL) model for personalized recommendations',
      venue: 'RecSys',
      year: 2020,
      url: 'https://doi.org/10.1145/3383313.3412236',
      note: 'One level of it.',
    },
  ],
  options,
  make: ({ encoder, ...given }) => ({ bind: (context) => bindExtraction(context, [encoder], given) }),
});

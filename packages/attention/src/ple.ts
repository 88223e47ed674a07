import { describePart, list, type OptionsOf, part, required } from '@polytask/core';
import { bindExtraction, extractionOptions } from './extraction.js';

const options = {
  levels: required(
    list(part('encoder'), { least: 1, what: 'a list of encoders, at least one' }),
    'One expert of every level; all experts of a level are copies with weights of their own.',
  ),
  ...extractionOptions,
};

/** Options of {@link ple}. */
export type PleOptions = OptionsOf<typeof options>;

/**
 * Progressive layered extraction: levels of shared experts and experts of each task, with a path for what is shared
 * beside those of the tasks.
 *
 * $$ h_t^{j} = \sum_{k} g_t^j(h_t^{j-1})_k\, \big[E_S^j(h_s^{j-1}),\ E_{P_t}^j(h_t^{j-1})\big]_k, \qquad
 * h_s^{j} = \sum_{k} g_s^j(h_s^{j-1})_k\, \big[E_S^j(h_s^{j-1}),\ E_{P_1}^j(h_1^{j-1}), \dots,
 * E_{P_K}^j(h_K^{j-1})\big]_k $$
 *
 * where
 * - h_t^0 = h_s^0 = x; h_t of the last level is what task t's head gets, and the last level has no h_s;
 * - E_S^j are the shared experts (`level<j>/shared/expert<k>/...`), E_{P_t}^j are task t's
 *   (`level<j>/own/<task>/expert<k>/...`);
 * - g_t = softmax of a linear layer is task t's gate (`level<j>/gates/<task>/...`), g_s the shared one
 *   (`level<j>/sharedGate/...`).
 *
 * `trainer.inspect` gives the gates as `intermediates['level<j>/gates/<task>']` and `['level<j>/sharedGate']`. The
 * history has their mean shares and entropies by epoch, such as `ple/level0/gates/<task>/shared0` and
 * `ple/level0/sharedGate/<task>/own0`.
 *
 * Shapes: inputs `[rows, ...]` → features of each level `[rows, ...]` by task, and shared → outputs as each task
 * declares them.
 *
 * @remarks A task's experts below the last level reach all tasks by the shared path and count as shared; a task's gate
 * below the last level but one does too. The encoder `gate` is for the first level, which reads the inputs; later gates
 * are linear. One level is {@link cgc}, whose paths do not begin with the level. LibMTL's PLE has no shared path.
 * @throws As {@link cgc}; `POLYTASK_TASK_INPUTS` for several levels over tasks with inputs of their own.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { ple } from '@polytask/attention';
 *
 * ple({ levels: [mlp([32]), mlp([16])], sharedExperts: 2 }).name; // => 'ple'
 * ```
 */
export const ple = /* @__PURE__ */ describePart('sharing', {
  name: 'ple',
  summary: 'Levels of shared experts and experts of each task, with a shared path beside those of the tasks.',
  cites: [
    {
      authors: 'H. Tang, J. Liu, M. Zhao and X. Gong',
      title:
        'Progressive layered extraction (PLE): a novel multi-task learning (MTL) model for personalized recommendations',
      venue: 'RecSys',
      year: 2020,
      url: 'https://doi.org/10.1145/3383313.3412236',
    },
  ],
  options,
  make: ({ levels, ...given }) => ({ bind: (context) => bindExtraction(context, levels, given) }),
});

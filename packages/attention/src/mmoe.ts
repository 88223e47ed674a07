import { type AuxiliaryTerm, describePart, number, type OptionsOf, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { buildGate, gateOption } from './gate.js';
import { bindMixture, mixtureOptions } from './mixture.js';

const options = {
  ...mixtureOptions,
  gate: gateOption,
  loadBalance: withDefault(
    number({ from: 0 }),
    0,
    'Weight of a term that keeps all experts in use; 0 leaves it out.',
    'paper, which has none',
  ),
};

/** Options of {@link mmoe}. */
export type MmoeOptions = OptionsOf<typeof options>;

/**
 * Multi-gate mixture of experts: all tasks have the same experts, and a gate of its own tells each task how much to
 * take of each.
 *
 * $$ h_t = \sum_{k=1}^{n} g_{t,k}(x)\, E_k(x), \qquad g_t(x) = \text{softmax}(W_t x + b_t), \qquad
 * L_{load} = n \sum_{k=1}^{n} \ell_k^2 - 1, \quad \ell_k = \frac{1}{K} \sum_t \overline{g_{t,k}} $$
 *
 * where
 * - E_k are the experts (`experts/expert<k>/...`), used by all tasks; h_t `[rows, ...features]` are what task t's head
 *   gets;
 * - W_t, b_t are task t's gate (`gates/<task>/...`), used by that task only; x are the inputs, flattened and side by
 *   side, or what the encoder `gate` makes of them;
 * - ℓ_k is the load of expert k, the mean of its share over rows and K tasks. L_load is the squared coefficient of
 *   variation of the loads: 0 where all experts are used alike, n − 1 where all tasks use one.
 *
 * `trainer.inspect` gives the gates as `intermediates['gates/<task>']`, `[rows, n]`. The history has, by epoch, the
 * mean share `mmoe/gates/<task>/expert<k>`, `mmoe/gates/<task>/entropy`, and the term as `mmoe/load-balance`.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ...features]` by task → outputs as each task declares them.
 *
 * @remarks The load counts all tasks together, so that an expert may serve one task alone: a term for each gate by
 * itself would forbid what the gates are for. On images give gates an encoder: linear gates on raw pixels are large. A
 * gate of one expert is always 1: that is hard sharing. Tasks with inputs of their own go through the same experts, see
 * `adapters`.
 * @throws `POLYTASK_ENCODER_INPUT` for inputs that the experts cannot take, and for category ids that gates have no
 * encoder for; `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { mmoe } from '@polytask/attention';
 *
 * mmoe({ encoder: mlp([16]), experts: 4 }).name; // => 'mmoe'
 * ```
 */
export const mmoe = /* @__PURE__ */ describePart('sharing', {
  name: 'mmoe',
  summary: 'Experts for all tasks; a gate per task weighs them row by row.',
  cites: [
    {
      authors: 'J. Ma, Z. Zhao, X. Yi, J. Chen, L. Hong and E. H. Chi',
      title: 'Modeling task relationships in multi-task learning with multi-gate mixture-of-experts',
      venue: 'KDD',
      year: 2018,
      url: 'https://doi.org/10.1145/3219819.3220007',
    },
    {
      authors: 'N. Shazeer, A. Mirhoseini, K. Maziarz, A. Davis, Q. Le, G. Hinton and J. Dean',
      title: 'Outrageously large neural networks: the sparsely-gated mixture-of-experts layer',
      venue: 'ICLR',
      year: 2017,
      url: 'https://arxiv.org/abs/1701.06538',
      note: 'The term `loadBalance`, section 4, there for one gate.',
    },
  ],
  options,
  make: (given) => ({
    bind(context) {
      const tasks = context.tasks.map(({ name }) => name);
      const terms = given.loadBalance > 0 ? [balanceTerm(tasks, given.experts, given.loadBalance)] : [];
      const softmaxGate: Parameters<typeof bindMixture>[2] = (place, inputs) => {
        const gate = buildGate(place, inputs, given.experts, given.gate);
        return { apply: (x, step) => ({ shares: tf.softmax(gate.apply(x, step)) }) };
      };
      return bindMixture(context, given, softmaxGate, terms);
    },
  }),
});

function balanceTerm(tasks: readonly string[], experts: number, weight: number): AuxiliaryTerm {
  return {
    name: 'load-balance',
    weight,
    loss({ state }) {
      const means = tasks.map((task) => tf.mean(state.intermediates[`gates/${task}`] as tf.Tensor, 0));
      const load = tf.mean(tf.stack(means), 0);
      return tf.sub(tf.mul(tf.sum(tf.square(load)), experts), 1);
    },
  };
}

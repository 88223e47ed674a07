import {
  type AuxiliaryTerm,
  type BuildScope,
  buildDense,
  choice,
  describePart,
  type InputSpecs,
  type NamedTensors,
  number,
  type OptionsOf,
  uniformInitializer,
  unstack,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { gateOption, readInputs } from './gate.js';
import { bindMixture, mixtureOptions, type Selector } from './mixture.js';
import { smoothStep } from './smooth-step.js';

const options = {
  ...mixtureOptions,
  selected: withDefault(whole({ from: 1 }), 2, 'How many experts a task takes at most, k.', 'LibMTL'),
  by: withDefault(
    choice('task', 'row'),
    'task',
    'Whether a task takes the same experts for all rows, or chooses by the inputs of each row.',
    'paper, which has both',
  ),
  gate: gateOption,
  gamma: withDefault(
    number({ above: 0 }),
    1,
    'Width γ of the smooth step, within which choices are undecided.',
    'paper',
  ),
  entropy: withDefault(
    number({ from: 0 }),
    1e-6,
    'Weight of the entropy of the selectors, which makes them decide.',
    'LibMTL',
  ),
  reach: withDefault(
    number({ from: 0 }),
    1e-3,
    'Weight of the term that keeps selectors on codes that are experts; only where the number of experts is no power of two.',
    'our own; the paper names no value',
  ),
};

/** Options of {@link dselectK}. */
export type DselectKOptions = OptionsOf<typeof options>;

/**
 * DSelect-k: each task takes at most k of the experts, chosen by gates that are smooth and yet become exactly 0 and 1.
 *
 * $$ h_t = \sum_{j=1}^{n} q_{t,j}\, E_j(x), \qquad q_t = \sum_{i=1}^{k} \text{softmax}(w_t)_i\; r(z_{t,i}), \qquad
 * r(z)_j = \prod_{b=1}^{m} S(z_b)^{c_{jb}} \big(1 - S(z_b)\big)^{1 - c_{jb}} $$
 *
 * $$ L = \lambda_1 \sum_{t,i} H\big(r(z_{t,i})\big) + \lambda_2 \sum_{t,i} \frac{1}{\sum_{j=1}^{n} r(z_{t,i})_j} $$
 *
 * where
 * - E_j are the experts (`experts/expert<j>/...`), used by all tasks; c_j are the m = ⌈log₂ n⌉ bits of j, lowest first;
 * - S is the smooth step of width γ, 0 below −γ/2 and 1 above γ/2;
 * - z_t `[k, m]` and w_t `[k]` are task t's variables `gates/<task>/z` and `w`, or with `by: 'row'` linear in its
 *   inputs (`gates/<task>/z/kernel`, ...); used by that task only;
 * - H is the entropy; λ₁ is `entropy`, λ₂ is `reach`. The second term is there where n is no power of two: codes from n
 *   on are no experts, and what r gives to them is lost.
 *
 * `trainer.inspect` gives q as `intermediates['gates/<task>']`, `[rows, n]`, and the selectors r as
 * `['selectors/<task>']`, `[k, n]` or `[rows, k, n]`. The history has what {@link mmoe} has, and the terms
 * `dselect-k/entropy` and `dselect-k/reach`, by `row` their means over rows.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ...features]` by task → outputs as each task declares them.
 *
 * @remarks z starts uniform in ±γ/100, w in ±0.05 (LibMTL), so all experts have a share at first. A selector that has
 * decided has no gradient left: it does not change its mind. All experts are computed whether they are chosen or not.
 * With one expert every task takes it. Where n is no power of two q sums to less than 1 until the codes that are
 * experts are chosen.
 * @throws As {@link mmoe}.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { dselectK } from '@polytask/attention';
 *
 * dselectK({ encoder: mlp([16]), experts: 8, selected: 2 }).name; // => 'dselect-k'
 * ```
 */
export const dselectK = /* @__PURE__ */ describePart('sharing', {
  name: 'dselect-k',
  summary: 'Each task takes at most k of the experts, chosen by smooth gates that become exactly 0 and 1.',
  cites: [
    {
      authors: 'H. Hazimeh, Z. Zhao, A. Chowdhery, M. Sathiamoorthy, Y. Chen, R. Mazumder, L. Hong and E. H. Chi',
      title: 'DSelect-k: differentiable selection in the mixture of experts with applications to multi-task learning',
      venue: 'NeurIPS',
      year: 2021,
      url: 'https://arxiv.org/abs/2106.03760',
    },
  ],
  options,
  make: (given) => ({
    bind(context) {
      const tasks = context.tasks.map(({ name }) => name);
      return bindMixture(
        context,
        given,
        (place, inputs, task) => (given.experts === 1 ? onlyExpert() : buildSelector(place, inputs, task, given)),
        given.experts === 1 ? [] : terms(tasks, given),
      );
    },
  }),
});

/** There is nothing to choose. */
function onlyExpert(): Selector {
  return { apply: (x) => ({ shares: tf.ones([Object.values(x)[0]?.shape[0] as number, 1]) }) };
}

interface SelectorOptions {
  readonly experts: number;
  readonly selected: number;
  readonly by: 'task' | 'row';
  readonly gamma: number;
  readonly gate?: Parameters<typeof readInputs>[2];
}

function buildSelector(place: BuildScope, inputs: InputSpecs, task: string, options: SelectorOptions): Selector {
  const { experts, selected, by, gamma } = options;
  const bits = Math.ceil(Math.log2(experts));
  const start = { z: uniformInitializer(gamma / 100), w: uniformInitializer(0.05) };
  const show = (shares: tf.Tensor, selectors: tf.Tensor) => ({
    shares,
    intermediates: { [`selectors/${task}`]: selectors },
  });
  if (by === 'task') {
    const z = place.variable('z', [selected, bits], start.z);
    const w = place.variable('w', [selected], start.w);
    return {
      apply(x) {
        const selectors = codeWeights(smoothStep(z, gamma), experts);
        const shares = tf.matMul(tf.reshape(tf.softmax(w), [1, selected]) as tf.Tensor2D, selectors as tf.Tensor2D);
        const rows = Object.values(x)[0]?.shape[0] as number;
        return show(tf.tile(shares, [rows, 1]), selectors);
      },
    };
  }
  const read = readInputs(place, inputs, options.gate);
  // As near to undecided as the variables of the other kind.
  const z = buildDense(place.child('z'), read.output, selected * bits, { kernel: start.z });
  const w = buildDense(place.child('w'), read.output, selected, { kernel: start.w });
  return {
    apply(x, step) {
      const seen = read.apply(x, step);
      const rows = seen.shape[0] as number;
      const codes = tf.reshape(z.apply(seen, step), [rows, selected, bits]);
      const selectors = codeWeights(smoothStep(codes, gamma), experts);
      const weights = tf.reshape(tf.softmax(w.apply(seen, step)), [rows, 1, selected]);
      const shares = tf.reshape(tf.matMul(weights, selectors), [rows, experts]);
      return show(shares, selectors);
    },
  };
}

/** r: bits `[..., m]` → how much of every expert's code they are, `[..., n]`. */
function codeWeights(bits: tf.Tensor, experts: number): tf.Tensor {
  let codes: tf.Tensor | undefined;
  // Bit by bit, the lowest first: the codes with a further bit are those without it times its absence, then times its presence.
  for (const bit of unstack(bits, -1)) {
    const on = tf.expandDims(bit, -1);
    const off = tf.sub(1, on);
    codes = codes === undefined ? tf.concat([off, on], -1) : tf.concat([tf.mul(codes, off), tf.mul(codes, on)], -1);
  }
  const all = codes as tf.Tensor;
  const from = all.shape.map(() => 0);
  return tf.slice(all, from, [...all.shape.slice(0, -1), experts]);
}

/** Terms that make selectors decide, and for experts. By row their means. */
function terms(tasks: readonly string[], given: { experts: number; entropy: number; reach: number }): AuxiliaryTerm[] {
  const each = (intermediates: NamedTensors, of: (selectors: tf.Tensor) => tf.Tensor) =>
    tf.addN(
      tasks.map((task) => {
        // [..., k]
        const found = of(intermediates[`selectors/${task}`] as tf.Tensor);
        return tf.sum(found.rank === 1 ? found : tf.mean(found, 0));
      }),
    );
  const entropy: AuxiliaryTerm = {
    name: 'entropy',
    weight: given.entropy,
    loss: ({ state }) => each(state.intermediates, (r) => tf.neg(tf.sum(tf.mul(r, tf.log(tf.maximum(r, 1e-9))), -1))),
  };
  const reach: AuxiliaryTerm = {
    name: 'reach',
    weight: given.reach,
    loss: ({ state }) => each(state.intermediates, (r) => tf.reciprocal(tf.maximum(tf.sum(r, -1), 1e-6))),
  };
  const whole = Number.isInteger(Math.log2(given.experts));
  return [...(given.entropy > 0 ? [entropy] : []), ...(given.reach > 0 && !whole ? [reach] : [])];
}

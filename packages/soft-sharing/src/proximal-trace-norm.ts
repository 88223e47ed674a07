import {
  describePart,
  flag,
  type HostTensor,
  hostTensor,
  number,
  type OptionsOf,
  optional,
  type ParameterLayout,
  type Program,
  part,
  type StepPrimitives,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { leftSpectrum, ofSpectrum, rankOf } from './spectrum.js';
import { layersOption, type TiedVariable, tiedVariables } from './tied-layers.js';

const options = {
  layers: layersOption,
  threshold: withDefault(
    number({ above: 0 }),
    1e-3,
    'What every singular value loses each time: learning rate times λ, under plain gradient descent.',
  ),
  every: withDefault(whole({ from: 1 }), 1, 'Steps from one shrinking to the next.'),
  weighting: optional(
    part('loss-weighting'),
    'The loss weighting of each step, with weights as it publishes them.',
    'the sum of losses',
  ),
  biases: withDefault(flag(), false, 'Whether variables of one axis (biases) are tied too.'),
};

/** Options of {@link proximalTraceNorm}. */
export type ProximalTraceNormOptions = OptionsOf<typeof options>;

/**
 * Proximal steps of the trace norm: after each step of the optimizer, the singular values of the tasks' stacked layers
 * shrink, and small ones become 0, so that the rank really falls.
 *
 * $$ W \leftarrow \operatorname{prox}_{\tau \lVert \cdot \rVert_*}(W) = U\, \operatorname{diag}\big(\max(\sigma_i - \tau, 0)\big)\, V^\top
 * = \Big( \sum_i \max(1 - \tau / \sigma_i, 0)\, u_i u_i^\top \Big)\, W $$
 *
 * where
 * - W `[K, n]` has a row for each task's copy of one variable, W = U diag(σ) Vᵀ;
 * - τ is `threshold`. Under plain gradient descent at rate η, τ = ηλ minimises Σ L_k + λ‖W‖_*.
 *
 * The history has the mean `rank` of the matrices and the sum `norm` of their singular values after shrinking.
 *
 * @remarks It is a balancing (`balancing: proximalTraceNorm(...)`), since it moves weights itself. Only copies of tasks
 * that are present in the step are taken together, so that absent tasks stay where they are. The optimizer's moments do
 * not know of the shrinking. Vectors u are worked out in float64 on the host, from the weights; that is a transfer of
 * all parameters each time.
 * @throws `POLYTASK_TIES`, `POLYTASK_UNKNOWN_NAME`, `POLYTASK_SHAPE_MISMATCH` as {@link l2Distance}, before the first
 * step.
 * @example
 * ```ts
 * import { proximalTraceNorm } from '@polytask/soft-sharing';
 *
 * console.log(proximalTraceNorm({ layers: ['columns'], threshold: 0.01 }).kind); // => step-plan
 * ```
 */
export const proximalTraceNorm = /* @__PURE__ */ describePart('step-plan', {
  name: 'proximal-trace-norm',
  summary: "Shrinks the singular values of the tasks' stacked layers after each step, until the rank falls.",
  cites: [
    {
      authors: 'S. Ji and J. Ye',
      title: 'An accelerated gradient method for trace norm minimization',
      venue: 'ICML',
      year: 2009,
      url: 'https://doi.org/10.1145/1553374.1553434',
      note: 'The proximal step, for linear models.',
    },
    {
      authors: 'Y. Yang and T. M. Hospedales',
      title: 'Trace norm regularised deep multi-task learning',
      venue: 'ICLR workshop',
      year: 2017,
      url: 'https://arxiv.org/abs/1606.04038',
      note: 'The norm, for deep networks.',
    },
  ],
  options,
  make: ({ layers, threshold, every, weighting, biases }) => ({
    bind(context) {
      const inner = weighting?.bind(context);
      const scalarize = inner?.scalarize;
      let shrinking: { tied: readonly TiedVariable[]; program: Program } | undefined;
      return {
        saveState: () => inner?.saveState?.() ?? {},
        loadState: (state) => inner?.loadState?.(state),
        reset: () => inner?.reset?.(),
        log: () => inner?.log?.() ?? {},
        dispose: () => inner?.dispose?.(),
        epochEnd: (summary, parameters) => inner?.epochEnd?.(summary, parameters),
        async step(primitives) {
          const { info, layout } = primitives;
          if (shrinking === undefined) {
            const tied = tiedVariables(layout, layers, biases);
            shrinking = { tied, program: shrinkProgram(layout, tied) };
          }
          const { gradient, losses, weights } = await primitives.gradient(
            scalarize === undefined ? {} : { scalarize, feeds: inner?.feeds?.(info) },
          );
          await primitives.apply(gradient);
          const { tied, program } = shrinking;
          if (tied.length === 0 || (info.step + 1) % every !== 0) return { losses, weights };
          return { losses, weights, logged: await shrink(primitives, tied, program, threshold) };
        },
      };
    },
  }),
});

/** All parameters with tied copies multiplied by a matrix from the host: `factor<i>` `[K, K]` for the i-th tied variable. */
function shrinkProgram({ segments }: ParameterLayout, tied: readonly TiedVariable[]): Program {
  const inOrder = [...segments].sort((a, b) => a.offset - b.offset);
  return {
    name: 'shrink-singular-values',
    run(feeds) {
      const pieces = tf.split(
        feeds.values as tf.Tensor1D,
        inOrder.map(({ size }) => size),
      );
      tied.forEach(({ copies }, i) => {
        const places = copies.map((copy) => inOrder.indexOf(copy));
        const stack = tf.stack(places.map((place) => pieces[place] as tf.Tensor1D)) as tf.Tensor2D;
        const shrunk = tf.unstack(tf.matMul(feeds[`factor${i}`] as tf.Tensor2D, stack));
        places.forEach((place, k) => {
          pieces[place] = shrunk[k] as tf.Tensor1D;
        });
      });
      return { values: tf.concat(pieces) };
    },
  };
}

async function shrink(
  primitives: StepPrimitives,
  tied: readonly TiedVariable[],
  program: Program,
  threshold: number,
): Promise<{ rank: number; norm: number }> {
  const { values } = primitives.parameters;
  const { data } = await primitives.read(values);
  const present = primitives.active().map((k) => primitives.objectives[k] as string);
  const factors: Record<string, HostTensor> = {};
  let norm = 0;
  let rank = 0;
  tied.forEach(({ tasks, copies }, i) => {
    const k = tasks.length;
    const here = tasks.map((_, row) => row).filter((row) => present.includes(tasks[row] as string));
    const rows = here.map((row) => copies[row] as (typeof copies)[number]);
    const size = copies[0]?.size ?? 0;
    const stack = Float64Array.from(rows.flatMap(({ offset }) => Array.from(data.subarray(offset, offset + size))));
    // Tasks that are absent keep a row of the identity.
    const factor = Float64Array.from({ length: k * k }, (_, at) => Number(at % (k + 1) === 0));
    if (here.length > 0 && stack.every(Number.isFinite)) {
      const spectrum = leftSpectrum(stack, here.length, size);
      const left = spectrum.values.map((value) => Math.max(value - threshold, 0));
      const small = ofSpectrum(spectrum, (value) => (value > threshold ? 1 - threshold / value : 0));
      here.forEach((row, a) => {
        here.forEach((column, b) => {
          factor[row * k + column] = small[a * here.length + b] as number;
        });
      });
      norm += left.reduce((sum, value) => sum + value, 0);
      rank += rankOf({ ...spectrum, values: left });
    }
    factors[`factor${i}`] = hostTensor(factor, [k, k]);
  });
  await primitives.run(program, { feeds: { values, ...factors }, outputs: { values } });
  return { rank: rank / tied.length, norm };
}

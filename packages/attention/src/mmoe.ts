import {
  buildColumns,
  buildDense,
  buildFlatten,
  buildHeads,
  chainLayers,
  describePart,
  headOption,
  type InputSpec,
  type OptionsOf,
  part,
  required,
  singleInput,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { mixExperts } from './mix-experts.js';

const options = {
  encoder: required(part('encoder'), 'One expert; all experts are copies with weights of their own.'),
  experts: withDefault(whole({ from: 1 }), 8, 'Number of experts.', 'paper, section 5'),
  head: headOption,
};

/** Options of {@link mmoe}. */
export type MmoeOptions = OptionsOf<typeof options>;

/**
 * Multi-gate mixture of experts: all tasks have the same experts, and a gate of its own tells each task how much to take of each.
 *
 * $$ h_t = \sum_{k=1}^{n} g_{t,k}(x)\, E_k(x), \qquad g_t(x) = \text{softmax}(W_t x + b_t) $$
 *
 * where
 * - E_k are the experts (`experts/expert<k>/...`), used by all tasks; h_t `[rows, ...features]` are what task t's head gets;
 * - W_t, b_t are task t's gate (`gates/<task>/...`), used by that task only; x is the flattened input.
 *
 * `trainer.inspect` gives the gates as `intermediates['gates/<task>']`, `[rows, n]`.
 *
 * @remarks Gates read the input as it is, so tasks need one input in common, with numbers. A gate of one expert is always 1: that is hard sharing.
 * @throws `POLYTASK_ENCODER_INPUT` where the model has several inputs, or category ids.
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
  ],
  options,
  make: ({ encoder, experts, head }) => ({
    bind({ tasks, inputs, scope }) {
      const names = Array.from({ length: experts }, (_, k) => `expert${k}`);
      const columns = buildColumns(
        scope.child('experts'),
        names.map((name) => ({ name, encoder, inputs })),
      );
      const read = singleInput(inputs, 'mmoe');
      const gates = tasks.map(({ name }) => {
        const place = scope.child('gates').child(name, { usedBy: [name] });
        const gate = chainLayers(read.input, [buildFlatten, (input) => buildDense(place, input, experts)]);
        return { name, gate };
      });
      const heads = buildHeads(scope, tasks, columns.outputs[names[0] as string] as InputSpec, head);
      return {
        forward(x, step) {
          const values = columns.apply(x, step);
          const stacked = tf.stack(
            names.map((name) => values[name] as tf.Tensor),
            1,
          );
          const features: Record<string, tf.Tensor> = {};
          const intermediates: Record<string, tf.Tensor> = {};
          for (const { name, gate } of gates) {
            const shares = tf.softmax(gate.apply(x[read.name] as tf.Tensor, step));
            features[name] = mixExperts(stacked, shares);
            intermediates[`gates/${name}`] = shares;
          }
          return heads.apply(features, step, { intermediates });
        },
      };
    },
  }),
});

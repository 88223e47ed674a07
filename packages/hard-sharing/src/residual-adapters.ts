import {
  adaptersOption,
  type BuildScope,
  buildDense,
  buildHeads,
  buildStages,
  buildTaskInputs,
  chainLayers,
  describePart,
  headOption,
  type InputSpec,
  type InputSpecs,
  list,
  type OptionsOf,
  optional,
  part,
  required,
  text,
  UnknownNameError,
  whole,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { featuresOf, type Piece, type Run, runPieces } from './pieces.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  units: withDefault(whole({ from: 1 }), 8, 'Width of the bottleneck of each adapter.', 'Houlsby et al.: 8 to 256'),
  after: optional(list(text('a stage'), { least: 1 }), 'Stages after which there are adapters.', 'all'),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link residualAdapters}. */
export type ResidualAdaptersOptions = OptionsOf<typeof options>;

/**
 * Residual adapters: one trunk for all tasks, with a small correction of each task's own after its stages.
 *
 * $$ \tilde h_k^{s} = h_k^{s} + \operatorname{relu}\big(h_k^{s} D_k^{s} + b_k^{s}\big)\, U_k^{s}, \qquad
 * h_k^{s} = f^{s}(\tilde h_k^{s-1}; \theta^{s}) $$
 *
 * where
 * - θ^s are the weights of stage s, which all tasks share, at `trunk/<stage>`;
 * - D_k `[C, units]`, b_k and U_k `[units, C]` are task k's, at `residual/<task>/<stage>/down` and `up`. U_k is 0 at
 *   first, so that the network starts as hard sharing.
 *
 * Shapes: features `[rows, ..., C]` → the same, at every position alike (a 1×1 convolution where features are maps).
 *
 * @remarks A task costs 2 · C · units + units numbers per stage, far less than a column. From the first adapter on the
 * trunk runs once for each task. The shared representation is that of the trunk before the first adapter. `adapters`
 * are something else: encoders before the trunk, for inputs of other shapes.
 * @throws `POLYTASK_UNKNOWN_NAME` for stages that the encoder has not; else as {@link hardSharing}.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { residualAdapters } from '@polytask/hard-sharing';
 *
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: residualAdapters({ encoder: mlp([16]), units: 2 }),
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * const own = trainer.parameters?.layout.segments.filter(({ path }) => path.startsWith('residual/a'));
 * console.log(own?.map(({ path }) => path)); // => [ 'residual/a/dense0/down/kernel', 'residual/a/dense0/down/bias', 'residual/a/dense0/up/kernel' ]
 * trainer.dispose();
 * ```
 */
export const residualAdapters = /* @__PURE__ */ describePart('sharing', {
  name: 'residual-adapters',
  summary: 'One trunk for all tasks, with a small correction of each task after its stages.',
  cites: [
    {
      authors: 'S.-A. Rebuffi, H. Bilen and A. Vedaldi',
      title: 'Learning multiple visual domains with residual adapters',
      venue: 'NeurIPS',
      year: 2017,
      url: 'https://arxiv.org/abs/1705.08045',
      note: 'Adapters of 1×1 convolutions within a shared network.',
    },
    {
      authors: 'N. Houlsby et al.',
      title: 'Parameter-efficient transfer learning for NLP',
      venue: 'ICML',
      year: 2019,
      url: 'https://arxiv.org/abs/1902.00751',
      note: 'The bottleneck. The paper freezes the trunk; here it learns with the tasks.',
    },
  ],
  options,
  make: ({ encoder, units, after, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const { specs, sources } = buildTaskInputs(scope, tasks, inputs, adapters);
      const stages = encoder.stages(specs);
      const known = stages.map(({ name }) => name);
      for (const name of after ?? [])
        if (!known.includes(name)) throw new UnknownNameError('stage', name, known, 'after');
      const place = scope.child('residual');
      const pieces: Piece[] = [];
      let output = specs;
      let carried: InputSpecs = {};
      for (const stage of stages) {
        const built = buildStages([stage], scope.child('trunk'), output, carried);
        pieces.push({
          shared(passed, step) {
            const given = built.run(passed.output, step, passed.carried);
            return { output: { features: given.features }, carried: given.carried };
          },
        });
        output = { features: built.output };
        carried = built.carried;
        if (after !== undefined && !after.includes(stage.name)) continue;
        const own = tasks.map(({ name }) => {
          const where = place.child(name, { usedBy: [name] }).child(stage.name);
          return [name, correction(where, built.output, units)] as const;
        });
        pieces.push({ own: Object.fromEntries(own) });
      }
      const heads = buildHeads(scope, tasks, Object.values(output)[0] as InputSpec, head);
      return {
        forward(tensors, step) {
          const { features, shared } = runPieces(pieces, sources, tensors, step);
          return heads.apply(features, step, { shared });
        },
      };
    },
  }),
});

function correction(scope: BuildScope, features: InputSpec, units: number): Run {
  const channels = features.shape.at(-1) ?? 1;
  const bottleneck = chainLayers(features, [
    (x) => buildDense(scope.child('down'), x, units, { activation: 'relu' }),
    (x) => buildDense(scope.child('up'), x, channels, { bias: false, kernel: zerosInitializer }),
  ]);
  return (passed, step) => {
    const h = featuresOf(passed);
    return { ...passed, output: { features: tf.add(h, bottleneck.apply(h, step)) } };
  };
}

import {
  adaptersOption,
  type BuiltStages,
  buildHeads,
  buildStages,
  buildTaskInputs,
  describePart,
  headOption,
  type InputSpecs,
  list,
  type OptionsOf,
  part,
  required,
  text,
  UnknownNameError,
} from '@polytask/core';
import { type Piece, type Run, runPieces } from './pieces.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, some of whose stages each task has for itself.'),
  specific: required(
    list(text('a stage')),
    'Stages that each task has for itself: `dense0`, or `trunk/dense0` as `conflictScores` has it.',
  ),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link recon}. */
export type ReconOptions = OptionsOf<typeof options>;

/**
 * Recon: a shared trunk in which the layers that tasks disagree about most are each task's own.
 *
 * $$ h_k^{s} = \begin{cases} f^{s}(h_k^{s-1};\ \theta_k^{s}) & s \in \text{specific} \\
 * f^{s}(h_k^{s-1};\ \theta^{s}) & \text{otherwise} \end{cases} $$
 *
 * where
 * - θ^s are the weights of a shared stage, at `trunk/<stage>`; θ_k^s those of task k's own, at
 *   `specific/<task>/<stage>`;
 * - specific are the stages named: those with the highest scores of `conflictScores`, an observer of a run in which all
 *   are shared.
 *
 * Shapes: inputs `[rows, ...]` → features per task as the encoder's last stage gives them → outputs as each task
 * declares them.
 *
 * @remarks The paper trains for some epochs, takes the layers with the highest scores, and starts again with them
 * turned specific: here these are two runs. With nothing specific it is `hardSharing`. From the first specific stage
 * on, shared stages run once for each task, and their BatchNorm moves its averages once for each, in task order. The
 * shared representation is what comes before the first specific stage.
 * @throws `POLYTASK_UNKNOWN_NAME` for stages that the encoder has not; else as {@link hardSharing}.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { recon } from '@polytask/hard-sharing';
 *
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: recon({ encoder: mlp([8, 8, 4]), specific: ['dense1'] }),
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * const paths = trainer.parameters?.layout.segments.map(({ layer }) => layer);
 * console.log([...new Set(paths)].slice(0, 4));
 * // => [ 'trunk/dense0', 'trunk/dense2', 'specific/a/dense1', 'heads/a/outputs/value' ]
 * trainer.dispose();
 * ```
 */
export const recon = /* @__PURE__ */ describePart('sharing', {
  name: 'recon',
  summary: 'A shared trunk in which the layers that tasks disagree about most are of each task alone.',
  cites: [
    {
      authors: 'G. Shi, Q. Li, W. Zhang, J. Chen and X.-M. Wu',
      title: 'Recon: reducing conflicting gradients from the root for multi-task learning',
      venue: 'ICLR',
      year: 2023,
      url: 'https://arxiv.org/abs/2302.11289',
    },
  ],
  options,
  make: ({ encoder, specific, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const { specs, sources } = buildTaskInputs(scope, tasks, inputs, adapters);
      const stages = encoder.stages(specs);
      const known = stages.map(({ name }) => name);
      const named = specific.map((name) => name.replace(/^trunk\//, '').split('/')[0] as string);
      for (const name of named) if (!known.includes(name)) throw new UnknownNameError('stage', name, known, 'specific');

      const pieces: Piece[] = [];
      let output = specs;
      let carried: InputSpecs = {};
      let start = 0;
      while (start < stages.length) {
        const isOwn = named.includes(known[start] as string);
        const change = known.findIndex((name, at) => at > start && named.includes(name) !== isOwn);
        const end = change < 0 ? stages.length : change;
        const build = (place: typeof scope) => buildStages(stages.slice(start, end), place, output, carried);
        const own = scope.child('specific');
        const built = isOwn
          ? tasks.map(({ name }) => build(own.child(name, { usedBy: [name] })))
          : [build(scope.child('trunk'))];
        const runs = built.map(runOf);
        pieces.push(
          isOwn
            ? { own: Object.fromEntries(tasks.map(({ name }, k) => [name, runs[k] as Run])) }
            : { shared: runs[0] as Run },
        );
        const [first] = built as [BuiltStages];
        output = { features: first.output };
        carried = first.carried;
        start = end;
      }
      const heads = buildHeads(scope, tasks, Object.values(output)[0] as never, head);
      return {
        forward(tensors, step) {
          const { features, shared } = runPieces(pieces, sources, tensors, step);
          return heads.apply(features, step, { shared });
        },
      };
    },
  }),
});

/** Stages as a piece. */
function runOf(stages: BuiltStages): Run {
  return ({ output, carried }, step) => {
    const passed = stages.run(output, step, carried);
    return { output: { features: passed.features }, carried: passed.carried };
  };
}

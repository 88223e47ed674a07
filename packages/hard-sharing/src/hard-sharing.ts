import {
  adaptersOption,
  buildEncoder,
  buildHeads,
  buildRotations,
  buildTaskInputs,
  describePart,
  headOption,
  type OptionsOf,
  part,
  required,
  rotationsOption,
} from '@polytask/core';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  head: headOption,
  adapters: adaptersOption,
  rotations: rotationsOption,
};

/** Options of {@link hardSharing}. */
export type HardSharingOptions = OptionsOf<typeof options>;

/**
 * Hard parameter sharing: one trunk for all tasks, one head per task:
 *
 * $$L(\theta_s, \theta_1, \dots, \theta_K) = L_1(\theta_s, \theta_1) + L_2(\theta_s, \theta_2) + \dots + L_K(\theta_s, \theta_K),
 * \qquad \hat y_k = \text{head}_{\theta_k}\big(\text{trunk}_{\theta_s}(x_k)\big)$$
 *
 * where
 * - θ_s are the trunk's parameters (paths `trunk/...`), used by all tasks;
 * - θ_k are those of task k's head (`heads/<task>/...`) and adapter (`adapters/<task>/...`), used by task k only;
 * - x_k are the task's inputs: all of the model, or those that the task names.
 *
 * With `rotations` a head sees R_k trunk(x_k): R_k is a rotation (`rotations/<task>/matrix`), the identity at first. No gradient and no optimizer of the run
 * moves it; the balancing `roto-grad` learns it, so that tasks want the same of the trunk.
 *
 * Shapes: inputs `[rows, ...]` → shared representation `[rows, ...features]` → outputs as each task declares them.
 *
 * @remarks The trunk is applied once to each distinct set of inputs, not once per task. Tasks that name other inputs of the same
 * shapes share it all the same (a data set per task); the shared representation then holds their rows one set after the
 * other, and BatchNorm normalises each set by its own statistics.
 * @throws `POLYTASK_INVALID_OPTION` for what is no encoder, and for rotations of more features than there are, or than 512; `POLYTASK_UNKNOWN_NAME` for heads, adapters or inputs of unknown names.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes, and what the encoders throw.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * const sharing = hardSharing({ encoder: mlp([64, 32]), head: { price: mlp([16]) } });
 * sharing.name; // => 'hard-sharing'
 * ```
 */
export const hardSharing = /* @__PURE__ */ describePart('sharing', {
  name: 'hard-sharing',
  summary: 'One trunk for all tasks, one head per task.',
  cites: [
    {
      authors: 'R. Caruana',
      title: 'Multitask learning',
      venue: 'Machine Learning 28',
      year: 1997,
      url: 'https://doi.org/10.1023/A:1007379606734',
      note: "The paper's networks share one hidden layer and have linear heads: `hardSharing({ encoder: mlp([units]) })`.",
    },
  ],
  options,
  make: (given) => ({
    ...(given.rotations && {
      madeFor: { balancings: ['roto-grad'], because: 'No other learns `rotations`: leave them out.' },
    }),
    bind({ tasks, inputs, scope }) {
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, given.adapters);
      const trunk = buildEncoder(given.encoder, scope.child('trunk'), specs);
      const turns = buildRotations(scope, tasks, trunk.output, given.rotations);
      const heads = buildHeads(scope, tasks, trunk.output, given.head);
      return {
        rotations: turns?.rotations,
        forward(tensors, step) {
          const { features, shared } = applyShared(tensors, step, trunk.apply);
          return heads.apply(turns?.apply(features) ?? features, step, { shared });
        },
      };
    },
  }),
});

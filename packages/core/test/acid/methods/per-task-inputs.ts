import {
  buildEncoder,
  buildHeads,
  buildTaskInputs,
  defineSharing,
  type Encoder,
  type SharingStrategy,
} from '@polytask/core';

/** One trunk that is applied to each task's own input, with an adapter where an input has another shape. */
export function perTaskInputs(encoder: Encoder, adapters: { readonly [task: string]: Encoder } = {}): SharingStrategy {
  return defineSharing({
    name: 'per-task-inputs',
    bind({ tasks, inputs, scope }) {
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const heads = buildHeads(scope, tasks, trunk.output);
      return { forward: (x, step) => heads.apply(applyShared(x, step, trunk.apply).features, step) };
    },
  });
}

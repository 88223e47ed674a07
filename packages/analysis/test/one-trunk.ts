import {
  buildEncoder,
  buildHeads,
  buildTaskInputs,
  defineSharing,
  type Encoder,
  type SharingStrategy,
} from '@polytask/core';

/** A trunk for all tasks and a linear head each, for tests. */
export function oneTrunk(encoder: Encoder): SharingStrategy {
  return defineSharing({
    name: 'one-trunk',
    bind({ tasks, inputs, scope }) {
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const heads = buildHeads(scope, tasks, trunk.output);
      return {
        forward(tensors, step) {
          const { features, shared } = applyShared(tensors, step, trunk.apply);
          return heads.apply(features, step, { shared });
        },
      };
    },
  });
}

import { buildEncoder, buildHead, defineSharing, type Encoder, mlp, type SharingStrategy } from '@polytask/core';

/** A trunk and a head per task: the least that core's own tests need of a sharing strategy. */
export function tinySharing(encoder: Encoder, head: Encoder = mlp([])): SharingStrategy {
  return defineSharing({
    name: 'tiny',
    bind({ tasks, inputs, scope }) {
      const trunk = buildEncoder(encoder, scope.child('trunk'), inputs);
      const heads = tasks.map((task) => {
        const place = scope.child('heads').child(task.name, { usedBy: [task.name] });
        return [task.name, buildHead(place, task, trunk.output, head)] as const;
      });
      return {
        forward(x, step) {
          const shared = trunk.apply(x, step);
          const built = heads.map(([name, one]) => [name, one.apply(shared, step)] as const);
          return {
            outputs: Object.fromEntries(built.map(([name, { outputs }]) => [name, outputs])),
            features: Object.fromEntries(built.map(([name, { features }]) => [name, features])),
            shared,
            intermediates: {},
          };
        },
      };
    },
  });
}

import {
  type BuiltHead,
  type BuiltStages,
  buildHead,
  buildStages,
  defineSharing,
  type Encoder,
  type SharingStrategy,
} from '@polytask/core';

/** So many stages for all tasks, the rest of the encoder for each task alone. */
export function branches(encoder: Encoder, shared: number): SharingStrategy {
  return defineSharing({
    name: 'branches',
    options: { shared },
    bind({ tasks, inputs, scope }) {
      const stages = encoder.stages(inputs);
      const trunk = buildStages(stages.slice(0, shared), scope.child('trunk'), inputs);
      const built = tasks.map((task) => {
        const own = { usedBy: [task.name] };
        const place = scope.child('branches').child(task.name, own);
        const branch = buildStages(stages.slice(shared), place, { features: trunk.output }, trunk.carried);
        const head = buildHead(scope.child('heads').child(task.name, own), task, branch.output);
        return [task.name, branch, head] as const satisfies readonly [string, BuiltStages, BuiltHead];
      });
      return {
        forward(x, step) {
          const { features: common, carried } = trunk.run(x, step);
          const seen = built.map(([name, branch, head]) => {
            const { features } = branch.run({ features: common }, step, carried);
            return [name, head.apply(features, step)] as const;
          });
          return {
            outputs: Object.fromEntries(seen.map(([name, { outputs }]) => [name, outputs])),
            features: Object.fromEntries(seen.map(([name, { features }]) => [name, features])),
            shared: common,
            intermediates: carried,
          };
        },
      };
    },
  });
}

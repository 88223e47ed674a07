import {
  type BuiltHead,
  buildEncoder,
  buildHead,
  buildTaskInputs,
  defineSharing,
  type Encoder,
  type SharingStrategy,
} from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';

/** One trunk that is applied to each task's own input, with an adapter where an input has another shape. */
export function perTaskInputs(encoder: Encoder, adapters: { readonly [task: string]: Encoder } = {}): SharingStrategy {
  return defineSharing({
    name: 'per-task-inputs',
    bind({ tasks, inputs, scope }) {
      const { specs, sources } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const heads = new Map(
        tasks.map((task) => {
          const place = scope.child('heads').child(task.name, { usedBy: [task.name] });
          return [task.name, buildHead(place, task, trunk.output)] as const;
        }),
      );
      return {
        forward(x, step) {
          const built = sources.flatMap(({ tasks: readers, select }) => {
            const shared: tf.Tensor = trunk.apply(select(x, step), step);
            return readers.map((name) => [name, (heads.get(name) as BuiltHead).apply(shared, step)] as const);
          });
          return {
            outputs: Object.fromEntries(built.map(([name, { outputs }]) => [name, outputs])),
            features: Object.fromEntries(built.map(([name, { features }]) => [name, features])),
            intermediates: {},
          };
        },
      };
    },
  });
}

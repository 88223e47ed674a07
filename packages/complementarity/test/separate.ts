import { buildEncoder, buildHeads, defineSharing, mlp, type SharingStrategy } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';

/** A network for each task, that reads the task's own inputs. */
export function separate(units: readonly number[] = [8]): SharingStrategy {
  return defineSharing({
    name: 'separate',
    bind({ tasks, inputs, scope }) {
      const encoders = tasks.map((task) => {
        const own = Object.fromEntries(
          Object.entries(inputs).filter(([name]) => task.inputs === undefined || task.inputs.includes(name)),
        );
        const place = scope.child('networks').child(task.name, { usedBy: [task.name] });
        return { name: task.name, inputs: Object.keys(own), built: buildEncoder(mlp([...units]), place, own) };
      });
      const heads = buildHeads(
        scope,
        tasks,
        Object.fromEntries(encoders.map(({ name, built }) => [name, built.output])),
      );
      return {
        forward(x, step) {
          const features = encoders.map(({ name, inputs: own, built }) => {
            const read = Object.fromEntries(own.map((input) => [input, x[input] as tf.Tensor]));
            return [name, built.apply(read, step)] as const;
          });
          return heads.apply(Object.fromEntries(features), step);
        },
      };
    },
  });
}

import type { BuildScope, ParameterReader } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** A number per task that is trained together with the model; see {@link taskVariables}. */
export interface TaskNumbers {
  /** All of them `[K]`, inside a program. */
  stack(): tf.Tensor1D;
  /** What they are now, for the history: by `<name>/<task>`. */
  read(parameters: ParameterReader): Promise<{ [name: string]: number }>;
}

/**
 * Makes a variable per task, which stands still while its task is absent.
 *
 * @param learningRate Undefined for the optimizer's.
 */
export function taskVariables(
  scope: BuildScope,
  tasks: readonly string[],
  name: string,
  start: number,
  learningRate?: number,
): TaskNumbers {
  const variables = tasks.map((task) =>
    scope.child(task, { usedBy: [task] }).variable(name, [], () => Float32Array.of(start), { learningRate }),
  );
  return {
    stack: () => tf.stack(variables) as tf.Tensor1D,
    async read(parameters) {
      const entries = tasks.map(async (task) => {
        const { data } = await parameters.read(`${scope.path}/${task}/${name}`);
        return [`${name}/${task}`, data[0] as number] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },
  };
}

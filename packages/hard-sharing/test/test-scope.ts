import {
  type AnyTask,
  type BuildScope,
  defineTask,
  type InputSpec,
  type StepContext,
  uniformStream,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** One variable, and who uses it. */
export interface Registered {
  readonly path: string;
  readonly variable: tf.Variable;
  readonly trainable: boolean;
  readonly usedBy: readonly string[];
}

/** The least that a build scope is: core's own is not public. */
export function testScope(tasks: readonly string[], seed = 1) {
  const registered: Registered[] = [];
  const at = (path: string, usedBy: readonly string[]): BuildScope => {
    const join = (name: string) => (path === '' ? name : `${path}/${name}`);
    const add = (name: string, variable: tf.Variable, trainable = true) => {
      if (registered.some((one) => one.path === join(name))) throw new Error(`${join(name)} exists twice`);
      registered.push({ path: join(name), variable, trainable, usedBy });
    };
    return {
      path,
      usedBy,
      tasks,
      child: (name, options = {}) => at(join(name), options.usedBy ?? usedBy),
      variable(name, shape, initial, options = {}) {
        const start = tf.tensor(initial(shape, uniformStream(seed, join(name))), [...shape]);
        const variable = tf.variable(start);
        start.dispose();
        add(name, variable, options.trainable);
        return variable;
      },
      adopt: (name, variable, options = {}) => add(name, variable, options.trainable),
      uniform: (name) => uniformStream(seed, join(name)),
    };
  };
  const find = (path: string) => {
    const found = registered.find((one) => one.path === path);
    if (found === undefined) throw new Error(`no ${path} in ${registered.map((one) => one.path).join(', ')}`);
    return found;
  };
  return {
    scope: at('', tasks),
    registered,
    variable: (path: string) => find(path).variable,
    usersOf: (path: string) => find(path).usedBy,
    dispose: () => {
      for (const { variable } of registered) variable.dispose();
    },
  };
}

/** A task with one output, whose loss nobody calls. */
export function task(name: string, inputs?: readonly string[], shape: readonly (number | null)[] = []): AnyTask {
  return defineTask({
    name,
    type: 'test',
    ...(inputs && { inputs }),
    target: { shape: [], dtype: 'float32' },
    outputs: { value: shape },
    loss: () => tf.tensor1d([]),
    predict: () => tf.tensor1d([]),
    decode: () => [],
    metrics: [],
    primaryMetric: 'none' as never,
  }) as AnyTask;
}

/** A pass outside training, or in training with the same uniform numbers everywhere. */
export const step = (training: boolean): StepContext => ({
  training,
  uniform: (_path, shape) => tf.fill([...shape], 0.9),
});

export const float = (...shape: number[]): InputSpec => ({ shape, dtype: 'float32' });

/** Numbers between -1 and 1 that the seed gives. */
export function numbers(shape: readonly number[], seed = 0): tf.Tensor {
  const draw = uniformStream('numbers', seed);
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => 2 * draw() - 1),
    [...shape],
  );
}

/** What `run` throws. */
export function errorOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code: code ?? 'none', message };
  }
  return { code: 'nothing thrown', message: '' };
}

import {
  type AnyTask,
  type ForwardState,
  firstStep,
  type InputSpecs,
  openScope,
  regression,
  type SharingStrategy,
  type StepContext,
  uniformFloats,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** A strategy bound outside a trainer. */
export function bind(sharing: SharingStrategy, of: readonly (string | AnyTask)[], inputs: InputSpecs = twoNumbers) {
  const tasks = of.map((one) => (typeof one === 'string' ? regression(one) : one));
  const opened = openScope(tasks.map(({ name }) => name));
  const bound = sharing.bind({ tasks, inputs, scope: opened.scope, ...opened.bindings });
  return {
    ...opened,
    bound,
    /** The numbers of a variable, as nested lists. */
    values: <T>(path: string) => opened.variable(path).arraySync() as T,
    /** Gives a variable these numbers. */
    set(path: string, numbers: readonly number[]) {
      const variable = opened.variable(path);
      variable.assign(tf.tensor([...numbers], variable.shape));
    },
    forward(x: Record<string, tf.Tensor>, { training = false, step = 0 } = {}): ForwardState {
      const feeds = Object.entries(bound.feeds?.({ ...firstStep, step }) ?? {}).map(
        ([name, { data, shape }]) => [name, tf.tensor(data, [...shape])] as const,
      );
      return bound.forward(x, stepOf(training), Object.fromEntries(feeds));
    },
  };
}

/** Goes downhill on a strategy's own terms, by these variables alone; gives their sum before every step. */
export function descend(
  { bound, variable, forward }: ReturnType<typeof bind>,
  paths: readonly string[],
  x: Record<string, tf.Tensor>,
  steps: number,
  rate: number,
): number[] {
  const variables = paths.map(variable);
  return Array.from({ length: steps }, () => {
    const { value, grads } = tf.variableGrads(() => {
      const state = forward(x, { training: true });
      const terms = (bound.auxiliary ?? []).map(({ loss, weight = 1 }) =>
        tf.mul(loss({ state } as never) as tf.Tensor, weight),
      );
      return tf.addN(terms) as tf.Scalar;
    }, variables);
    for (const one of variables) one.assign(tf.sub(one, tf.mul(grads[one.name] as tf.Tensor, rate)));
    return value.dataSync()[0] as number;
  });
}

const twoNumbers: InputSpecs = { x: { shape: [2], dtype: 'float32' } };

let drawn = 0;
function stepOf(training: boolean): StepContext {
  return {
    training,
    uniform(path, shape) {
      drawn += 1;
      return tf.tensor(
        uniformFloats(
          shape.reduce((product, length) => product * length, 1),
          'test',
          path,
          drawn,
        ),
        [...shape],
      );
    },
  };
}

/** A tensor's numbers as nested lists. */
export function listed<T>(tensor: tf.Tensor | undefined): T {
  return tensor?.arraySync() as T;
}

/** Rows times columns. */
export function product(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  return a.map((row) =>
    (b[0] ?? []).map((_, j) => row.reduce((sum, value, i) => sum + value * (b[i]?.[j] as number), 0)),
  );
}

/** e^x over their sum. */
export function softmax(x: readonly number[]): number[] {
  const powers = x.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** What a weighted sum of vectors is. */
export function weighed(weights: readonly number[], vectors: readonly (readonly number[])[]): number[] {
  return (vectors[0] ?? []).map((_, j) =>
    weights.reduce((sum, weight, k) => sum + weight * (vectors[k]?.[j] as number), 0),
  );
}

import * as tf from '@tensorflow/tfjs';
import type { AnyTask, TaskConstants } from '../../src/contracts/task.js';

/** Float64 sum. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** log Σ exp, without overflow. */
function logSumExp(values: readonly number[]): number {
  const highest = Math.max(...values);
  return highest + Math.log(sum(values.map((value) => Math.exp(value - highest))));
}

/** Cross-entropy of one distribution against logits, in float64 and from the definition. */
export const crossEntropy = (logits: readonly number[], target: readonly number[]): number =>
  -sum(target.map((t, c) => t * ((logits[c] as number) - logSumExp(logits))));

/** Binary cross-entropy in float64: log(1 + e^z) − t z, by log1p on the side where it is exact. */
export const binaryCrossEntropy = (z: number, t: number): number =>
  (z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z))) - t * z;

/** Central differences of a float64 function. */
export function centralDifferences(f: (z: readonly number[]) => number, at: readonly number[], h = 1e-5): number[] {
  return at.map((value, i) => {
    const up = [...at];
    const down = [...at];
    up[i] = value + h;
    down[i] = value - h;
    return (f(up) - f(down)) / (2 * h);
  });
}

/** Losses of all rows, and the gradient of Σ rowFactors · loss by the one output. */
export function lossAndGradient(
  task: AnyTask,
  output: { readonly shape: readonly number[]; readonly values: readonly number[] },
  target: tf.Tensor,
  constants: TaskConstants = {},
  rowFactors?: readonly number[],
) {
  return tf.tidy(() => {
    const name = Object.keys(task.outputs)[0] as string;
    const z = tf.tensor([...output.values], [...output.shape]);
    const rows = target.shape[0] as number;
    const factors = tf.tensor1d([...(rowFactors ?? new Array<number>(rows).fill(1))]);
    const losses = task.loss({ [name]: z }, target, constants);
    const gradient = tf.grad((x) => tf.sum(tf.mul(task.loss({ [name]: x }, target, constants), factors)))(z);
    return { losses: Array.from(losses.dataSync()), gradient: Array.from(gradient.dataSync()), shape: losses.shape };
  });
}

/** Largest |a − b| / (1 + |b|). */
export function distance(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...a.map((value, i) => Math.abs(value - (b[i] as number)) / (1 + Math.abs(b[i] as number))));
}

/** How many tensors a function leaves behind besides what it returns. */
export function leaked(run: () => tf.Tensor): number {
  const before = tf.memory().numTensors;
  run().dispose();
  return tf.memory().numTensors - before;
}

/** Tensors that a gradient of the task's loss leaves behind. */
export function leakedByGradient(task: AnyTask, outputShape: readonly number[], target: tf.Tensor, c: TaskConstants) {
  const name = Object.keys(task.outputs)[0] as string;
  const variable = tf.variable(tf.zeros([...outputShape]));
  const before = tf.memory().numTensors;
  const found = tf.variableGrads(() => tf.sum(task.loss({ [name]: variable }, target, c)) as tf.Scalar, [variable]);
  tf.dispose(found);
  const after = tf.memory().numTensors;
  variable.dispose();
  return after - before;
}

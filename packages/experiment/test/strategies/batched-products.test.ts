// Experts and columns of the same shape run as one batched product: more of them are more work, but no more operators.
import { cgc, mmoe } from '@polytask/attention';
import { compile, float32 } from '@polytask/compiler';
import { mlp, openScope, regression, type SharingStrategy } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import { crossStitch, softSharing } from '@polytask/soft-sharing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const [rows, width] = [16, 6];
const encoder = mlp([5, 3]);

/** Matrix products in a compiled step: all outputs, and the gradient of the sum of their squares. */
async function products(sharing: SharingStrategy, count: number): Promise<number> {
  const tasks = Array.from({ length: count }, (_, k) => regression(`task${k}`));
  const names = tasks.map(({ name }) => name);
  const { scope, bindings, registered, dispose } = openScope(names);
  const inputs = { x: { shape: [width], dtype: 'float32' } } as const;
  const bound = sharing.bind({ tasks, inputs, scope, ...bindings });
  const variables = registered.map(({ variable }) => variable);
  const step = { training: false, uniform: () => tf.scalar(0) };
  const fn = ({ x }: { [name: string]: tf.Tensor }) => {
    const { grads } = tf.variableGrads(() => {
      const { outputs } = bound.forward({ x: x as tf.Tensor }, step, {});
      return tf.addN(names.map((name) => tf.mean(tf.square(outputs[name]?.value as tf.Tensor)))) as tf.Scalar;
    }, variables);
    return { gradient: tf.concat(variables.map(({ name }) => tf.reshape(grads[name] as tf.Tensor, [-1]))) };
  };
  const compiled = await compile(fn, { x: float32(rows, width) }, { threads: 1 });
  await compiled.run({ x: new Float32Array(rows * width).fill(0.5) });
  const found = ['MatMul', 'Gemm'].map((operator) => compiled.operators.get(operator) ?? 0);
  await compiled.dispose();
  dispose();
  return found.reduce((sum, one) => sum + one, 0);
}

it.each([
  ['heads of hard sharing', () => hardSharing({ encoder }), 0],
  ['columns', () => softSharing({ encoder }), 0],
  ['columns with cross-stitch units', () => crossStitch({ encoder }), 0],
  ['experts of all tasks', (count: number) => mmoe({ encoder, experts: count }), 0],
  // Each task mixes a set of experts of its own.
  ['experts of each task', () => cgc({ encoder }), 1],
] as const)('%s are one product however many there are', async (_, make, perTask) => {
  const [few, many] = [await products(make(4), 4), await products(make(8), 8)];
  expect(few).toBeGreaterThan(0);
  expect(many - few).toBe(4 * perTask);
});

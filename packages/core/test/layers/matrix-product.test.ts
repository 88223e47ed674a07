import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { matrixProduct } from '../../src/layers/matrix-product.js';
import { uniformFloats } from '../../src/random/uniform-stream.js';

const [n, m, p] = [5, 7, 3];
const xs = uniformFloats(n * m, 'x');
const ws = uniformFloats(m * p, 'w');
const ys = uniformFloats(n * p, 'y');

const at = (data: Float32Array, columns: number) => (i: number, j: number) => data[i * columns + j] as number;

/** Yᵀ-weighted sum of the product, and its gradients worked out with plain loops. */
function byHand() {
  const range = (length: number) => Array.from({ length }, (_, index) => index);
  const [x, w, y] = [at(xs, m), at(ws, p), at(ys, p)];
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    product: range(n).flatMap((i) => range(p).map((k) => sum(range(m).map((j) => x(i, j) * w(j, k))))),
    dx: range(n).flatMap((i) => range(m).map((j) => sum(range(p).map((k) => y(i, k) * w(j, k))))),
    dw: range(m).flatMap((j) => range(p).map((k) => sum(range(n).map((i) => x(i, j) * y(i, k))))),
  };
}

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(found[i]).toBeCloseTo(wanted[i] as number, 5);
}

test.each(['cpu', 'wasm'])('product and gradients agree with plain loops (%s)', async (backend) => {
  await tf.setBackend(backend);
  await tf.ready();
  const x = tf.tensor2d(xs, [n, m]);
  const w = tf.tensor2d(ws, [m, p]);
  const before = tf.memory().numTensors;
  const { product, dx, dw } = byHand();
  const loss = (a: tf.Tensor, b: tf.Tensor) =>
    tf.sum(tf.mul(matrixProduct(a as tf.Tensor2D, b as tf.Tensor2D), tf.tensor2d(ys, [n, p]))) as tf.Scalar;
  tf.tidy(() => {
    expectClose(matrixProduct(x, w).dataSync(), product);
    const [foundX, foundW] = tf.grads(loss)([x, w]);
    expectClose((foundX as tf.Tensor).dataSync(), dx);
    expectClose((foundW as tf.Tensor).dataSync(), dw);
  });
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([x, w]);
});

test('on wasm the gradient of data is not worked out', async () => {
  await tf.setBackend('wasm');
  const kernels: string[] = [];
  const x = tf.tensor2d(xs, [n, m]);
  const w = tf.tensor2d(ws, [m, p]);
  const info = await tf.profile(() => tf.grad((b: tf.Tensor) => tf.sum(matrixProduct(x, b as tf.Tensor2D)))(w));
  for (const kernel of info.kernels) kernels.push(kernel.name);
  // Forward, and the one product that ∂W takes.
  expect(kernels.filter((name) => name === 'BatchMatMul')).toHaveLength(2);
  tf.dispose([x, w, info.result as tf.Tensor]);
});

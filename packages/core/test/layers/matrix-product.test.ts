import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { matrixProduct } from '../../src/layers/matrix-product.js';
import { uniformFloats } from '../../src/random/uniform-stream.js';

const [n, m, p] = [5, 7, 3];
const xs = uniformFloats(n * m, 'x');
const ws = uniformFloats(m * p, 'w');
const ys = uniformFloats(n * p, 'y');

/** Yᵀ-weighted sum of the product, and its gradients worked out with plain loops. */
function byHand() {
  const product = new Float64Array(n * p);
  const dx = new Float64Array(n * m);
  const dw = new Float64Array(m * p);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      for (let k = 0; k < p; k++) {
        product[i * p + k]! += xs[i * m + j]! * ws[j * p + k]!;
        dx[i * m + j]! += ys[i * p + k]! * ws[j * p + k]!;
        dw[j * p + k]! += xs[i * m + j]! * ys[i * p + k]!;
      }
    }
  }
  return { product, dx, dw };
}

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(found[i]).toBeCloseTo(wanted[i]!, 5);
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
    expectClose(foundX!.dataSync(), dx);
    expectClose(foundW!.dataSync(), dw);
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

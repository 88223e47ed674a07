import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { operations } from '../../src/ir/operations.js';
import { elementwiseLowerings } from '../../src/lower/elementwise.js';

const entries = [...operations].filter(([, { over }]) => over === 'entries');

test('whatever goes over entries can be lowered so, and nothing else', () => {
  expect(entries.map(([op]) => op).sort()).toEqual(Object.keys(elementwiseLowerings).sort());
});

test('kernels that are named are kernels of tfjs, and go over the inputs that are named', async () => {
  await tf.setBackend('cpu');
  const backend = tf.backend();
  for (const [op, { kernel, gives }] of entries) {
    if (kernel === undefined) continue;
    const config = tf.getKernel(op, 'cpu');
    const [a, b] = [tf.tensor1d([0.25, 0.5]), tf.tensor1d([0.5, 0.75])];
    const given = [tf.tensor1d([1, 0], 'bool'), a, b].slice(kernel.length === 3 ? 0 : 1);
    const logical = op.startsWith('Logical') ? given.map((one) => tf.cast(one, 'bool')) : given;
    const inputs = Object.fromEntries(kernel.map((name, i) => [name, logical[i] as tf.Tensor]));
    const attrs = { alpha: 0.1, clipValueMin: 0, clipValueMax: 1, dtype: 'float32' };
    const found = config?.kernelFunc({ inputs, attrs, backend: backend as never }) as tf.TensorInfo;
    expect(found.shape, op).toEqual([2]);
    if (gives !== undefined && gives !== 'int32') expect(found.dtype, op).toBe(gives);
  }
});

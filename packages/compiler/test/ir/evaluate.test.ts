import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { evaluateKernel } from '../../src/ir/evaluate.js';

beforeAll(() => tf.setBackend('cpu'));

const inputs = [
  { kind: 'data', id: 0, shape: [2], dtype: 'bool', data: Uint8Array.of(1, 0) },
  { kind: 'data', id: 0, shape: [2], dtype: 'int32', data: Int32Array.of(3, -4) },
  { kind: 'data', id: 0, shape: [2], dtype: 'float32', data: Float32Array.of(3.7, -4) },
] as const;

test('a cast of constants gives the array of the dtype that it casts to', () => {
  for (const input of inputs) {
    for (const [dtype, array] of [
      ['float32', Float32Array],
      ['int32', Int32Array],
    ] as const) {
      const found = evaluateKernel('Cast', [input], { dtype });
      const wanted = input.dtype === 'float32' && dtype === 'int32' ? [3, -4] : Array.from(input.data);
      expect(found).toMatchObject({ dtype, data: array.from(wanted) });
    }
  }
});

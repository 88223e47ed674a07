import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { oneHotFloats } from '../../src/tasks/one-hot.js';

it('puts a 1 in the place of each id, and none for a negative one', async () => {
  await tf.setBackend('cpu');
  const found = oneHotFloats(tf.tensor2d([0, 2, -1, 1], [2, 2], 'int32'), 3);
  expect(found.dtype).toBe('float32');
  expect(found.shape).toEqual([2, 2, 3]);
  expect(Array.from(found.dataSync())).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
});

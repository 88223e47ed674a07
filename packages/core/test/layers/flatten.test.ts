import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { buildFlatten } from '../../src/layers/flatten.js';
import { evaluating, float } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('makes one vector of every row', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
      fc.integer({ min: 0, max: 7 }),
      (shape, rows) => {
        const layer = buildFlatten(float(...shape));
        const size = shape.reduce((product, length) => product * length, 1);
        expect(layer.output).toEqual(float(size));
        tf.tidy(() => {
          expect(layer.apply(tf.zeros([rows, ...shape]), evaluating).shape).toEqual([rows, size]);
        });
      },
    ),
  );
});

it('gives float32, and leaves vectors as they are', () => {
  const layer = buildFlatten({ shape: [2], dtype: 'int32' });
  tf.tidy(() => {
    expect(layer.apply(tf.tensor2d([[1, 2]], [1, 2], 'int32'), evaluating).dtype).toBe('float32');
    const vectors = tf.zeros([3, 2]);
    expect(layer.apply(vectors, evaluating)).toBe(vectors);
  });
});

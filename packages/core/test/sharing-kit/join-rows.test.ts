import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { joinRows } from '../../src/sharing-kit/join-rows.js';

beforeAll(() => tf.setBackend('cpu'));

it('returns a single tensor as it is', () => {
  const x = tf.zeros([2, 3]);
  const { joined, parts } = joinRows([x]);
  expect(joined).toBe(x);
  expect(parts[0]).toBe(x);
  x.dispose();
});

it('puts rows one after the other, and gives each back', () => {
  tf.tidy(() => {
    const { joined, parts } = joinRows([
      tf.tensor2d([[1, 2]]),
      tf.tensor2d([
        [3, 4],
        [5, 6],
      ]),
    ]);
    expect(joined.arraySync()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(parts.map((part) => part.arraySync())).toEqual([
      [[1, 2]],
      [
        [3, 4],
        [5, 6],
      ],
    ]);
  });
});

it('gives parts a gradient with respect to the whole', () => {
  tf.tidy(() => {
    let joined: tf.Tensor | undefined;
    const weights = tf.variable(
      tf.tensor2d([
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
    );
    let found: number[][] = [];
    tf.variableGrads(() => {
      const whole = joinRows([tf.slice(weights, 0, 1), tf.slice(weights, 1, 2)]);
      joined = whole.joined;
      const { grads } = tf.engine().gradients(() => tf.sum(whole.parts[1] as tf.Tensor), [whole.joined]);
      found = (grads[0] as tf.Tensor).arraySync() as number[][];
      return tf.sum(whole.joined) as tf.Scalar;
    }, [weights]);
    expect(joined?.shape).toEqual([3, 2]);
    expect(found).toEqual([
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
  });
});

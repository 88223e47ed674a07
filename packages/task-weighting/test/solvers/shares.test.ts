import { projectOnSimplex } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { test } from 'vitest';
import { moveShares, moveShareTensors } from '../../src/solvers/shares.js';
import { expectClose } from '../support.js';

const numbers = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 });
const flags = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });

test('is the nearest point of the simplex where all are present', () => {
  expectClose(moveShares([0.25, 0.75], [0, 1], [0.5, -1]), [1, 0]);
  expectClose(moveShares([0.2, 0.3, 0.5], [0, 1, 2], [0.4, 0.3, 0.6]), Array.from(projectOnSimplex([0.4, 0.3, 0.6])));
});

test('leaves absent tasks their shares', () => {
  expectClose(moveShares([0.2, 0.3, 0.5], [0, 2], [0.7, 0]), [0.7, 0.3, 0]);
});

test('is the same in tfjs, however far the wanted points are', () => {
  fc.assert(
    fc.property(numbers, numbers, flags, fc.constantFrom(1, 1e6, 1e15), (a, wanted, present, size) => {
      const exponentials = a.map(Math.exp);
      const shares = exponentials.map((value) => value / exponentials.reduce((sum, one) => sum + one, 0));
      const tasks = [0, 1, 2, 3].filter((i) => present[i]);
      const there = tasks.map((i) => (wanted[i] as number) * size);
      const found = tf.tidy(() =>
        Array.from(
          moveShareTensors(
            tf.tensor1d(shares),
            tf.tensor1d(present.map(Number)),
            tf.tensor1d(wanted.map((value) => value * size)),
          ).dataSync(),
        ),
      );
      // In float32 a far point is known to seven digits of its own size.
      if (size === 1) expectClose(found, Array.from(moveShares(shares, tasks, there)), 1e-5);
      expectClose([found.reduce((sum, value) => sum + value, 0)], [1], 1e-5);
    }),
    { numRuns: 60, seed: 1 },
  );
});

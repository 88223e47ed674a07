import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applySpectral, pseudoSolve, symmetricEigen } from '../../src/solvers/eigen.js';
import { expectClose } from '../support.js';
import { gradients, gramianOf } from './sample-gradients.js';

test('f(A) b with f the identity is A b', () => {
  fc.assert(
    fc.property(gradients(0), (rows) => {
      const gramian = gramianOf(rows);
      const k = rows.length;
      const b = rows.map((_, i) => i + 1);
      const expected = rows.map((_, i) => b.reduce((sum, value, j) => sum + value * (gramian[i * k + j] as number), 0));
      expectClose(
        applySpectral(symmetricEigen(gramian, k), (value) => value, b),
        expected,
        1e-11,
      );
    }),
    { numRuns: 50, seed: 1 },
  );
});

test('the pseudo-inverse of a singular matrix solves what has a solution, by the shortest one', () => {
  // Ones everywhere: A x = (3, 3, 3) is solved by all x with a sum of 3.
  expectClose(pseudoSolve(new Float64Array(9).fill(1), [3, 3, 3]), [1, 1, 1]);
  expectClose(pseudoSolve(Float64Array.of(1, -1, -1, 1), [1, 1]), [0, 0]);
  expect(Array.from(pseudoSolve(new Float64Array(4), [1, 1]))).toEqual([0, 0]);
});

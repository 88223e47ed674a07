import { uniformStream } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { solveLinear } from '../../src/plans/solve-linear.js';

const solve = (rows: number[][], right: number[]) =>
  Array.from(solveLinear(Float64Array.from(rows.flat()), Float64Array.from(right)));
const times = (rows: number[][], x: number[]) =>
  rows.map((row) => row.reduce((sum, value, j) => sum + value * (x[j] as number), 0));

describe('solveLinear', () => {
  it('solves small systems', () => {
    expect(solve([[2]], [6])).toEqual([3]);
    expect(
      solve(
        [
          [2, 1],
          [1, 3],
        ],
        [4, 7],
      ),
    ).toEqual([1, 2]);
    expect(solve([], [])).toEqual([]);
  });

  it('swaps rows where it must', () => {
    expect(
      solve(
        [
          [0, 2],
          [2, 0],
        ],
        [2, 4],
      ),
    ).toEqual([2, 1]);
  });

  it('gives 0 along directions in which the matrix vanishes', () => {
    expect(
      solve(
        [
          [4, 0],
          [0, 0],
        ],
        [8, 0],
      ),
    ).toEqual([2, 0]);
    expect(
      solve(
        [
          [0, 0],
          [0, 0],
        ],
        [0, 0],
      ),
    ).toEqual([0, 0]);
    const [a, b] = solve(
      [
        [1, 1],
        [1, 1],
      ],
      [3, 3],
    ) as [number, number];
    expect(a + b).toBeCloseTo(3, 12);
    // Rounding to float32 must not count as a direction.
    expect(
      Math.max(
        ...solve(
          [
            [1, 1],
            [1, 1 + 1e-9],
          ],
          [3, 3],
        ).map(Math.abs),
      ),
    ).toBeLessThan(4);
  });

  it('solves Gramians of random gradients', () => {
    const uniform = uniformStream('gramians');
    for (let k = 1; k <= 6; k++) {
      const jacobian = Array.from({ length: k }, () => Array.from({ length: k + 3 }, () => 2 * uniform() - 1));
      const gramian = jacobian.map((row) =>
        jacobian.map((other) => row.reduce((sum, value, j) => sum + value * (other[j] as number), 0)),
      );
      const wanted = jacobian.map(() => uniform());
      solve(gramian, times(gramian, wanted)).forEach((value, i) => {
        expect(value).toBeCloseTo(wanted[i] as number, 8);
      });
    }
  });

  it('leaves what it was given as it is', () => {
    const [matrix, right] = [Float64Array.of(0, 1, 1, 0), Float64Array.of(1, 2)];
    solveLinear(matrix, right);
    expect([[...matrix], [...right]]).toEqual([
      [0, 1, 1, 0],
      [1, 2],
    ]);
  });
});

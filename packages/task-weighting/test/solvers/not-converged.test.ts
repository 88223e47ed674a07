// No Gramian of gradients brings a solver to this; what would is told, and nothing is made up in its place.
import { expect, test } from 'vitest';
import { bargainingWeights } from '../../src/solvers/bargaining.js';
import { conflictAverse } from '../../src/solvers/conflict-averse.js';
import { constrainedMinimumNorm } from '../../src/solvers/constrained-minimum-norm.js';
import { pseudoSolve } from '../../src/solvers/eigen.js';
import { bestShares } from '../../src/solvers/linear-program.js';
import { minimumNorm } from '../../src/solvers/minimum-norm.js';

/** Lengths of 1 and inner products of −3, which no vectors have. */
const impossible = Float64Array.of(1, -3, -3, -3, 1, -3, -3, -3, 1);
const nothing = Float64Array.of(1, Number.NaN, 0, Number.NaN, 1, 0, 0, 0, 1);

test.each([
  ['the shortest combination', () => minimumNorm(impossible)],
  ['the same of what is no number', () => minimumNorm(nothing)],
  [
    'the shortest combination under a constraint',
    () => constrainedMinimumNorm(impossible, { products: [1, 1, 1], square: 1, descent: 0.5 }),
  ],
  ['the radius around the mean', () => conflictAverse(nothing, 0.5)],
  ['a bargaining in which somebody wants to lose', () => bargainingWeights(Float64Array.of(1, 0, 0, 1), [1, -1], 1)],
  ['a bargaining about what is no number', () => bargainingWeights(nothing, [1, 1, 1], 1)],
  ['eigenvalues of what is no number', () => pseudoSolve(nothing, [1, 1, 1])],
  ['a linear program that nothing fulfils', () => bestShares([1, 1], [[-1, -1]], [0])],
  ['a linear program of what is no number', () => bestShares([Number.NaN, 1], [[1, 1]], [0])],
])('%s', (_, solve) => {
  expect(solve).toThrow(/must be solved to within .* but after all its iterations the solver is off by/);
  try {
    solve();
  } catch (error) {
    expect(error).toMatchObject({ code: 'POLYTASK_SOLVER' });
  }
});

import { permutation, uniformStream } from '@polytask/core';
import { EigenvalueDecomposition, inverse, Matrix } from 'ml-matrix';
import { expect, test } from 'vitest';
import { matrixOf, singularValues } from '../../src/numbers/matrices.js';
import { logEvidence, logMe } from '../../src/transfer/log-me.js';
import { classes, features, randomRows } from '../golden.js';

test('golden value of class 0, and the mean over classes', () => {
  const matrix = matrixOf(features, 'features');
  const of = (one: number) =>
    logEvidence(
      matrix,
      singularValues(matrix),
      Float64Array.from(classes, (value) => (value === one ? 1 : 0)),
    );
  expect(of(0)).toBeCloseTo(-0.972994, 6);
  expect(logMe(features, { kind: 'classes', values: classes })).toBeCloseTo((of(0) + of(1)) / 2, 12);
});

// The evidence is the density of y under N(0, I / β + F Fᵀ / α); α and β as the fixed point gives them.
test('agrees with the density of a normal distribution, with fewer columns than rows and with more', () => {
  const uniform = uniformStream('evidence');
  for (const width of [3, 9]) {
    const f = randomRows(6, width, uniform);
    const y = Float64Array.from(f, (row) => (row[0] as number) + 0.3 * (2 * uniform() - 1));
    const matrix = new Matrix(f);
    const { alpha, beta } = fixedPoint(matrix, y);
    const covariance = Matrix.eye(6, 6, 1 / beta).add(matrix.mmul(matrix.transpose()).div(alpha));
    const { realEigenvalues } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
    const logDeterminant = realEigenvalues.reduce((sum, value) => sum + Math.log(value), 0);
    const column = Matrix.columnVector(y);
    const distance = column.transpose().mmul(inverse(covariance)).mmul(column).get(0, 0);
    const density = -(6 * Math.log(2 * Math.PI) + logDeterminant + distance) / 2;
    // The fixed point stops within a thousandth, where the evidence is flat.
    expect(logEvidence(matrix, singularValues(matrix), y)).toBeCloseTo(density / 6, 2);
  }
});

/** The same fixed point by matrices instead of singular values. */
function fixedPoint(f: Matrix, y: Float64Array): { alpha: number; beta: number } {
  const [rows, columns] = [f.rows, f.columns];
  const column = Matrix.columnVector(y);
  let [alpha, beta] = [1, 1];
  for (let round = 0; round < 11; round++) {
    const before = alpha / beta;
    const a = Matrix.eye(columns, columns, alpha).add(f.transpose().mmul(f).mul(beta));
    const m = inverse(a).mmul(f.transpose()).mmul(column).mul(beta);
    const gamma = columns - alpha * inverse(a).trace();
    const residual = Matrix.sub(column, f.mmul(m)).norm() ** 2;
    alpha = gamma / (m.norm() ** 2 + 1e-5);
    beta = (rows - gamma) / (residual + 1e-5);
    if (Math.abs(alpha / beta - before) / before <= 1e-3) break;
  }
  return { alpha, beta };
}

test('falls when labels are shuffled, for numbers too, and knows no units', () => {
  const uniform = uniformStream('shuffle');
  const f = randomRows(80, 4, uniform);
  const y = f.map(([a = 0, b = 0]) => 2 * a - b + 0.1 * uniform());
  const order = permutation(80, uniform);
  const told = logMe(f, { kind: 'numbers', values: y });
  expect(logMe(f, { kind: 'numbers', values: Array.from(order, (n) => y[n] as number) })).toBeLessThan(told - 0.5);
  expect(logMe(f, { kind: 'numbers', values: y.map((value) => 1000 * value + 5) })).toBeCloseTo(told, 8);
  const sides = y.map((value) => (value > 0 ? 1 : 0));
  const shuffled = Array.from(order, (n) => sides[n] as number);
  expect(logMe(f, { kind: 'classes', values: shuffled })).toBeLessThan(
    logMe(f, { kind: 'classes', values: sides }) - 0.1,
  );
});

test('rows without a label do not count; too few are refused', () => {
  const values = [...classes, -1];
  expect(logMe([...features, [9, 9]], { kind: 'classes', values })).toBe(
    logMe(features, { kind: 'classes', values: classes }),
  );
  expect(() => logMe(features, { kind: 'numbers', values: [1, NaN, NaN, NaN, NaN, NaN] })).toThrow(
    expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }),
  );
});

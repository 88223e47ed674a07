import { uniformFloats } from '@polytask/core';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { expect, test } from 'vitest';
import { leftSpectrum, ofSpectrum, rankOf } from '../src/spectrum.js';

test.each([
  [1, 4],
  [3, 5],
  [5, 3],
])('singular values and vectors of a %i by %i matrix', (rows, columns) => {
  const matrix = Float64Array.from(uniformFloats(rows * columns, 'spectrum', rows));
  const spectrum = leftSpectrum(matrix, rows, columns);
  const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(rows, columns, matrix), {
    autoTranspose: true,
  });
  diagonal.forEach((value, i) => {
    expect(spectrum.values[i]).toBeCloseTo(value, 7);
  });
  expect(rankOf(spectrum)).toBe(Math.min(rows, columns));
  // Σ σ² u uᵀ = M Mᵀ
  const square = ofSpectrum(spectrum, (value) => value * value);
  const gram = Matrix.from1DArray(rows, columns, matrix).mmul(Matrix.from1DArray(rows, columns, matrix).transpose());
  square.forEach((value, at) => {
    expect(value).toBeCloseTo(gram.get(Math.floor(at / rows), at % rows), 9);
  });
});

test('nothing has rank 0, equal rows rank 1', () => {
  expect(rankOf(leftSpectrum(new Float64Array(6), 2, 3))).toBe(0);
  expect(rankOf(leftSpectrum(Float32Array.from([0.1, 0.2, 0.3, 0.1, 0.2, 0.3]), 2, 3))).toBe(1);
});

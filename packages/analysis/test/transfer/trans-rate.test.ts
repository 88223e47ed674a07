import { expect, test } from 'vitest';
import { transRate } from '../../src/transfer/trans-rate.js';

// Features ±1 and their classes: all have ½ ln(1 + 1/ε); each class, centred by the mean over all, the same, so nothing is saved
// by the classes of a sign alone. With classes across the signs nothing is saved either.
test('by hand', () => {
  const f = [
    [2, 1],
    [-2, 1],
    [2, -1],
    [-2, -1],
  ];
  const rate = (a: number, b: number) => (Math.log(1 + a) + Math.log(1 + b)) / 2;
  // Class 0: rows (2, 1) and (2, −1): fᵀf / n = diag(4, 1). Classes by the product of signs have off-diagonals ±2.
  expect(transRate(f, [0, 1, 0, 1], { distortion: 1 })).toBeCloseTo(rate(4, 1) - rate(4, 1), 10);
  expect(transRate(f, [0, 1, 1, 0], { distortion: 1 })).toBeCloseTo((Math.log(10) - Math.log(6)) / 2, 10);
});

test('rows without a label do not count', () => {
  const f = [
    [1, 0],
    [1.1, 0],
    [-1, 0.1],
    [-0.9, 0],
  ];
  expect(transRate([...f, [50, 50]], [0, 0, 1, 1, -1])).toBeCloseTo(transRate(f, [0, 0, 1, 1]), 10);
  expect(() => transRate(f, [0, 0, 1, 1], { distortion: 0 })).toThrow(
    expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }),
  );
});

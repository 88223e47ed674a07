import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pearsonCorrelation } from '../../src/labels/correlation.js';
import { correlationRatio } from '../../src/labels/correlation-ratio.js';

// Wikipedia's example: η² = 6780 / 9640 for marks in algebra, geometry and statistics.
test('the known example', () => {
  const algebra = [45, 70, 29, 15, 21];
  const geometry = [40, 20, 30, 42];
  const statistics = [65, 95, 80, 70, 85, 73];
  const classes = [algebra.map(() => 0), geometry.map(() => 1), statistics.map(() => 2)].flat();
  expect(correlationRatio(classes, [...algebra, ...geometry, ...statistics])).toBeCloseTo(Math.sqrt(6780 / 9640), 12);
});

test('of two classes it is the size of the correlation with 0 and 1', () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: -20, max: 20 })), {
    minLength: 4,
    maxLength: 20,
  });
  fc.assert(
    fc.property(rows, (pairs) => {
      const [classes, numbers] = [pairs.map(([c]) => c), pairs.map(([, x]) => x)];
      const expected = Math.abs(pearsonCorrelation(classes, numbers));
      fc.pre(!Number.isNaN(expected));
      expect(correlationRatio(classes, numbers)).toBeCloseTo(expected, 8);
    }),
  );
});

test('rows without a label do not count; nothing to compare gives NaN', () => {
  expect(correlationRatio([0, 0, 1, 1, -1, 1], [1, 3, 5, 7, 99, NaN])).toBeCloseTo(
    correlationRatio([0, 0, 1, 1], [1, 3, 5, 7]),
    12,
  );
  expect(correlationRatio([0, 0], [1, 2])).toBeNaN();
  expect(correlationRatio([0, 1], [2, 2])).toBeNaN();
});

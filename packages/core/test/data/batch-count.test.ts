import { expect, test } from 'vitest';
import { batchCount } from '../../src/data/batch-count.js';

test.each([
  [10, 4, undefined, 3],
  [10, 4, 'keep', 3],
  [10, 4, 'drop', 2],
  [8, 4, 'keep', 2],
  [8, 4, 'drop', 2],
  [3, 4, 'keep', 1],
  [3, 4, 'drop', 0],
] as const)('%i rows in batches of %i, last %s: %i', (rows, batchSize, lastBatch, expected) => {
  expect(batchCount(rows, lastBatch === undefined ? { batchSize } : { batchSize, lastBatch })).toBe(expected);
});

test.each([0, -1, 1.5, Number.NaN, '4'])('refuses batchSize %s', (batchSize) => {
  expect(() => batchCount(10, { batchSize: batchSize as number })).toThrow(
    expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }),
  );
});

test('refuses another lastBatch', () => {
  expect(() => batchCount(10, { batchSize: 2, lastBatch: 'carry' as 'keep' })).toThrow(/'keep' or 'drop'/);
});

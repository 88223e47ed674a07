import fc from 'fast-check';
import { expect, test } from 'vitest';
import { task2vecDistance } from '../../src/transfer/task2vec-distance.js';

// Shares (3/4, 1/2) and (1/4, 1/2): cosine (3/16 + 1/4) / √(13/16 · 5/16).
test('cosine by hand', () => {
  expect(task2vecDistance([3, 5], [1, 5])).toBeCloseTo(1 - 7 / 16 / Math.sqrt((13 * 5) / 256), 12);
});

// Variances 1 and 1/2: KL(a‖b) = ½ (2 − 1 − ln 2), KL(b‖a) = ½ (½ − 1 + ln 2); the trace added is a millionth of 1.5.
test('divergences by hand', () => {
  expect(task2vecDistance([1], [2], 'kl')).toBeCloseTo((1 - Math.log(2)) / 2, 5);
  const toMean = (ratio: number) => (ratio - 1 - Math.log(ratio)) / 2;
  expect(task2vecDistance([1], [2], 'jsd')).toBeCloseTo((toMean(4 / 3) + toMean(2 / 3)) / 2, 5);
});

test('symmetric, 0 to oneself, and units without information do not matter', () => {
  const embedding = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(embedding, embedding, fc.constantFrom('cosine', 'kl', 'jsd'), (a, b, kind) => {
      const found = task2vecDistance(a, b, kind);
      expect(found).toBeGreaterThanOrEqual(-1e-9);
      expect(task2vecDistance(b, a, kind)).toBeCloseTo(found, 6);
      expect(task2vecDistance(a, a, kind)).toBeCloseTo(0, 6);
      expect(task2vecDistance([...a, 0], [...b, 0], kind)).toBe(found);
    }),
  );
  expect(task2vecDistance([0, 0], [0, 0])).toBe(0);
});

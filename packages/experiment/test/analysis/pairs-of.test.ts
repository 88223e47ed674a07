import { expect, test } from 'vitest';
import { ofPairs, pairsOf } from '../../src/analysis/pairs-of.js';

test('every pair once', () => {
  expect(pairsOf(['a', 'b', 'c'])).toEqual([
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
  expect(pairsOf(['a'])).toEqual([]);
});

test('looks at pairs while there is time, and hears of signals between them', async () => {
  const sum = (i: number, j: number) => [i + j];
  expect(await ofPairs([0, 0, 0], () => true, sum)).toEqual({ pairs: [1, 2, 3], complete: true });
  const stop = new AbortController();
  // As a signal comes: from outside, between two pairs.
  const timer = setImmediate(() => stop.abort());
  const many = Array.from({ length: 40 });
  const { pairs, complete } = await ofPairs(many, () => !stop.signal.aborted, sum);
  clearImmediate(timer);
  expect(complete).toBe(false);
  expect(pairs.length).toBeLessThan(2);
});

import { expect, test } from 'vitest';
import { affinityScore } from '../../src/grouping/affinity-score.js';

test('the mean of what the others in the group do for a task', () => {
  const score = affinityScore(
    [
      [9, 1, 2],
      [3, 9, 4],
      [5, 6, 9],
    ],
    -7,
  );
  expect(score(0, [0, 1, 2])).toBe(4);
  expect(score(2, [1, 2])).toBe(4);
  expect(score(1, [1])).toBe(-7);
  expect(() => affinityScore([[1, 2]])).toThrow(expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' }));
});

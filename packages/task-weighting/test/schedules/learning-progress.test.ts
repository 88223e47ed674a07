import { expect, test } from 'vitest';
import { learningProgress } from '../../src/schedules/learning-progress.js';

test('has no gain of a task that was not seen before', () => {
  const progress = learningProgress(2);
  expect(progress.see(0, 3)).toBeUndefined();
  expect(progress.see(1, 3)).toBeUndefined();
  expect(progress.see(0, 2)).toBe(0);
});

test('rescales gains between their percentiles, so that units make no difference', () => {
  const course = (unit: number) => {
    const progress = learningProgress(1);
    return [10, 9, 7, 6, 6, 1, 2].map((loss) => progress.see(0, loss * unit));
  };
  const found = course(1);
  // Gains 1, 2, 1, 0, 5, −1 in turn; the last is below the 20th percentile of all, the one before above the 80th.
  expect(found.slice(-2)).toEqual([1, -1]);
  const scaled = course(2 ** 10);
  expect(scaled).toEqual(found);
});

test('goes on from its state', () => {
  const progress = learningProgress(1);
  for (const loss of [3, 2, 2.5]) progress.see(0, loss);
  const other = learningProgress(1);
  other.loadState(structuredClone(progress.saveState()));
  expect(other.see(0, 1)).toBe(progress.see(0, 1));
  progress.reset();
  expect(progress.saveState()).toEqual(learningProgress(1).saveState());
});

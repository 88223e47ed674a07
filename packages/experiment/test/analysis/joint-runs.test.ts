import { bestGrouping } from '@polytask/analysis';
import { expect, test } from 'vitest';
import { compareJointRuns, setsToTrain, type TrainedSet } from '../../src/analysis/joint-runs.js';
import { costOfSets } from '../../src/analysis/train-sets.js';

test('sets of pairs and of all but one, each once', () => {
  expect(setsToTrain(4, ['pairs', 'leave-one-out'])).toHaveLength(10);
  // What is left of three is a pair; pairs of two are all, and one task is alone.
  expect(setsToTrain(3, ['pairs', 'leave-one-out'])).toEqual([[0, 1], [0, 2], [1, 2]]); // biome-ignore format: one line
  expect(setsToTrain(2, ['pairs', 'leave-one-out'])).toEqual([]);
  expect(setsToTrain(9, ['pairs'])).toHaveLength(36);
});

test('says what it costs', () => {
  expect(costOfSets(4, ['pairs', 'leave-one-out'], 3)).toBe(
    'Trainings: 1 of all tasks, 4 of one alone, 6 of pairs, 4 with one task left out: 15 with each of 3 seeds, 45 in all',
  );
  expect(costOfSets(3, ['leave-one-out', 'pairs'], 1)).toMatch(/; what is the same is trained once: 7$/);
});

const names = ['a', 'b', 'c', 'd'];
const better = ['higher', 'lower', 'higher', 'higher'] as const;
/** What i does for t: a and b help each other, c and d too; b and c are in each other's way. The whole has a surplus for d. */
const planted = [
  [0, 0.2, 0, 0],
  [0.1, 0, -0.3, 0],
  [0, -0.1, 0, 0.2],
  [0, 0, 0.1, 0],
];
const all = [0, 1, 2, 3];

/** Gains add up over partners, on top of 2, which is better above or below. */
function trainedSets(seed: number, noise: number): TrainedSet[] {
  const score = (set: readonly number[], task: number) => {
    const gain = set.reduce((sum, other) => sum + (planted[other]?.[task] as number), 0) + (set.length > 1 ? noise : 0);
    const surplus = set.length === 4 && task === 3 ? 0.5 : 0;
    return 2 * (1 + (better[task] === 'lower' ? -1 : 1) * (gain + surplus));
  };
  const sets = [all, ...all.map((task) => [task]), ...setsToTrain(4, ['pairs', 'leave-one-out'])];
  return sets.map((tasks) => ({ tasks, seed, scores: tasks.map((task) => score(tasks, task)) }));
}

test('gains, synergy and what pairs say of larger groups', () => {
  const found = compareJointRuns({ names, better }, ['pairs', 'leave-one-out'], trainedSets(1, 0));
  found.pairs?.gains.forEach((row, i) => {
    for (const [t, gain] of row.entries()) expect(gain).toBeCloseTo(planted[i]?.[t] as number, 12);
  });
  expect(found.pairs?.spread.flat().every(Number.isNaN)).toBe(true);
  expect(found.gains.d).toBeCloseTo(0.7, 12);
  // d with all is 1.7 × 2, without c 1 × 2.
  expect(found.leaveOneOut?.gains[2]?.[3]).toBeCloseTo(0.7, 12);
  // Nothing but the surplus is beyond the sums.
  expect(found.synergy?.[0]?.[3]).toBeCloseTo(0.5, 12);
  expect(found.synergy?.[1]?.[2]).toBeCloseTo(0, 12);
  // All four, and four sets of three.
  expect(found.approximation).toHaveLength(4 + 4 * 3);
  expect(found.approximation?.find(({ tasks, task }) => tasks.length === 4 && task === 'd')).toEqual({
    tasks: names,
    task: 'd',
    estimated: expect.closeTo(0.2 / 3, 12),
    measured: expect.closeTo(0.7, 12),
  });
});

test('covers all tasks with the groups of the highest measured gains', () => {
  const found = compareJointRuns({ names, better }, ['pairs', 'leave-one-out'], trainedSets(1, 0));
  const score = (task: number, group: readonly number[]) => {
    const sum = group.reduce((total, other) => total + (planted[other]?.[task] as number), 0);
    return group.length === 4 && task === 3 ? sum + 0.5 : sum;
  };
  // Every group with more than two tasks was trained, so nothing is an estimate.
  found.cover?.byBudget.forEach((grouping, n) => {
    const expected = bestGrouping({ tasks: 4, score, budget: n + 1 });
    expect(grouping.score).toBeCloseTo(expected.score, 12);
    expect(grouping.groups.map((group) => group.map((name) => names.indexOf(name)))).toEqual(expected.groups);
  });
});

test('means over seeds, of those that came so far', () => {
  const sets = [...trainedSets(1, 0), ...trainedSets(2, 0.1), ...trainedSets(3, 9).slice(0, 1)];
  const { pairs, seeds } = compareJointRuns({ names, better }, ['pairs'], sets);
  expect(seeds).toEqual([1, 2, 3]);
  expect(pairs?.gains[0]?.[1]).toBeCloseTo(0.25, 12);
  expect(pairs?.spread[0]?.[1]).toBeCloseTo(0.1 / Math.SQRT2, 12);
});

test('no groups where a pair is missing', () => {
  const sets = trainedSets(1, 0).filter(({ tasks }) => tasks.join() !== '1,2');
  const found = compareJointRuns({ names, better }, ['pairs'], sets);
  expect(found).not.toHaveProperty('cover');
  expect(found.pairs?.gains[1]?.[2]).toBeNaN();
  expect(found.pairs?.gains[0]?.[1]).toBeCloseTo(0.2, 12);
});

import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { affinityScore, type GroupScore } from '../../src/grouping/affinity-score.js';
import { bestGrouping } from '../../src/grouping/best-grouping.js';
import { taskMatrix } from '../../src/numbers/matrices.js';

/** TAG's affinities on Taskonomy, row: the task that is served; semantic, depth, normal, keypoint, edge. */
const served = [
  [0, 0.115374299, 0.048910362, 0.004547247, 0.00877614],
  [0.41355851, 0, 0.29141476, 0.013536521, 0.073956882],
  [0.139823677, 0.220961942, 0, 0.010493772, 0.076459668],
  [0.021098527, 0.013365983, 0.010729014, 0, 0.689735894],
  [0.056692022, 0.036683381, 0.036006665, 0.303721347, 0],
];
const taskonomy = taskMatrix(5, (i, t) => served[t]?.[i] as number);
// The notebook's score of a task alone.
const score = affinityScore(taskonomy, -1e6);

test.each([
  [1, 0.129292, [[0, 1, 2, 3, 4]]],
  [
    2,
    0.321696,
    [
      [0, 1, 2],
      [3, 4],
    ],
  ],
  [
    3,
    0.34867,
    [
      [0, 1],
      [1, 2],
      [3, 4],
    ],
  ],
  [4, 0.34867, undefined],
  [5, 0.34867, undefined],
])('golden values of TAG on Taskonomy: at most %i groups', (budget, expected, groups) => {
  const found = bestGrouping({ tasks: 5, score, budget });
  expect(found.score).toBeCloseTo(expected, 6);
  expect(found).toMatchObject({ exact: true, bound: found.score });
  if (groups !== undefined) expect([...found.groups].sort()).toEqual(groups);
  // Greedy finds them too.
  const swapped = bestGrouping({ tasks: 5, score, budget, exactUpTo: 0 });
  expect(swapped.score).toBeCloseTo(expected, 6);
  expect(swapped.bound).toBeGreaterThanOrEqual(swapped.score - 1e-12);
});

/** The best of all ways to choose groups, one by one. */
function bruteForce(
  tasks: number,
  value: GroupScore,
  budget: number,
  cost: (group: readonly number[]) => number,
): number {
  const groups = Array.from({ length: 2 ** tasks - 1 }, (_, n) =>
    Array.from({ length: tasks }, (__, task) => task).filter((task) => ((n + 1) & (1 << task)) !== 0),
  );
  let best = Number.NEGATIVE_INFINITY;
  const visit = (from: number, left: number, scores: readonly number[]) => {
    best = Math.max(best, scores.reduce((sum, one) => sum + one, 0) / tasks);
    for (let n = from; n < groups.length; n++) {
      const group = groups[n] as number[];
      if (cost(group) > left + 1e-9) continue;
      const next = scores.map((one, task) => (group.includes(task) ? Math.max(one, value(task, group)) : one));
      visit(n + 1, left - cost(group), next);
    }
  };
  visit(0, budget, new Array(tasks).fill(Number.NEGATIVE_INFINITY));
  return best;
}

test('as good as the best of all groupings, with equal costs and with others', () => {
  const affinity = fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }), {
    minLength: 4,
    maxLength: 4,
  });
  fc.assert(
    fc.property(affinity, fc.constantFrom(1, 1.5, 2, 2.5, 3), fc.boolean(), (matrix, budget, half) => {
      const value = affinityScore(matrix);
      const cost = (group: readonly number[]) => (half && group.length === 1 ? 0.5 : 1);
      const found = bestGrouping({ tasks: 4, score: value, budget, cost });
      expect(found.score).toBeCloseTo(bruteForce(4, value, budget, cost), 9);
      expect(found.groups.reduce((sum, group) => sum + cost(group), 0)).toBeLessThanOrEqual(budget + 1e-9);
      expect(new Set(found.groups.flat()).size).toBe(4);
      found.servedBy.forEach((place, task) => {
        const mine = found.groups.flatMap((group) => (group.includes(task) ? [value(task, group)] : []));
        expect(value(task, found.groups[place] as number[])).toBe(Math.max(...mine));
      });
    }),
    { numRuns: 60 },
  );
});

test("Standley's budget: a network of half the size for a task alone", () => {
  // Losses: alone 1 each; task 2 only suffers in company.
  const losses: GroupScore = (task, group) => -(group.length === 1 ? 1 : task === 2 ? 2 : 0.8);
  const cost = (group: readonly number[]) => (group.length === 1 ? 0.5 : 1);
  const within = (budget: number) => bestGrouping({ tasks: 3, score: losses, budget, cost });
  expect(within(1.5)).toMatchObject({ groups: [[0, 1], [2]], servedBy: [0, 0, 1] });
  expect(within(1).groups).toEqual([[0, 1, 2]]);
  expect(within(1.5).score).toBeCloseTo(-(0.8 + 0.8 + 1) / 3, 12);
  expect(() => within(0.4)).toThrow(expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }));
});

test('14 tasks exactly, in seven planted pairs; 20 greedily, with what is left to gain', () => {
  const planted = (tasks: number) => {
    const uniform = uniformStream('planted', tasks);
    return affinityScore(taskMatrix(tasks, (i, j) => (i >> 1 === j >> 1 ? 1 : -1) + 0.1 * uniform()));
  };
  const exact = bestGrouping({ tasks: 14, score: planted(14), budget: 7 });
  expect(exact.groups).toEqual([0, 1, 2, 3, 4, 5, 6].map((pair) => [2 * pair, 2 * pair + 1]));
  const greedy = bestGrouping({ tasks: 20, score: planted(20), budget: 10 });
  expect(greedy.groups).toEqual(Array.from({ length: 10 }, (_, pair) => [2 * pair, 2 * pair + 1]));
  expect(greedy.bound - greedy.score).toBeCloseTo(0, 9);
  const fewer = bestGrouping({ tasks: 20, score: planted(20), budget: 4 });
  expect(fewer.exact).toBe(false);
  expect(fewer.bound).toBeGreaterThan(fewer.score);
}, 20_000);

test.each([
  { tasks: 0, budget: 1 },
  { tasks: 2, budget: 0 },
  { tasks: 2, budget: 1, exactUpTo: 15 },
  { tasks: 2, budget: 1, cost: () => 0 },
])('refuses %j', (options) => {
  expect(() => bestGrouping({ score: () => 0, ...options })).toThrow(
    expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }),
  );
});

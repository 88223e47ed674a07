import { expect, test } from 'vitest';
import { branchesFor, groupTasks } from '../../src/analysis/grouping-stage.js';

const names = ['a', 'b', 'c'];
// a and b help each other, c is in their way and helped by nobody.
const affinity = [
  [1, 0.4, -0.1],
  [0.3, 1, -0.2],
  [-0.3, -0.4, 1],
];
const unknown = names.map(() => names.map(() => Number.NaN));
const apart = { cosine: unknown, affinity };

test('groups by the cosines of gradients, and by affinity where tasks share none', () => {
  // a and c go the same way, though a step for a does c no good.
  const cosine = [
    [1, -0.1, 0.5],
    [-0.1, 1, -0.2],
    [0.5, -0.2, 1],
  ];
  const { by, byBudget } = groupTasks(names, { cosine, affinity });
  expect(by).toBe('cosine');
  expect(byBudget[1]?.groups).toEqual([['a', 'c'], ['b']]);
  expect(groupTasks(names, apart).by).toBe('affinity');
});

test('groups for every budget, and the least that is nearly the best', () => {
  const { byBudget, suggested } = groupTasks(names, apart);
  expect(byBudget.map(({ groups }) => groups)).toEqual([[['a', 'b', 'c']], [['a', 'b'], ['c']], [['a', 'b'], ['c']]]);
  expect(byBudget[1]).toMatchObject({ budget: 2, servedBy: { a: 0, b: 0, c: 1 } });
  expect(byBudget[1]?.score).toBeCloseTo(0.7 / 3, 12);
  expect(suggested).toBe(2);
});

test('one group where no other is better, and pairs that never met count as nothing', () => {
  const alike = names.map(() => names.map(() => 0.5));
  expect(groupTasks(names, { ...apart, affinity: alike })).toMatchObject({ suggested: 1 });
  expect(groupTasks(names, { ...apart, affinity: unknown }).byBudget[0]?.score).toBe(0);
});

test('clusters by features, where all networks are there', () => {
  const cka = [
    [1, 0.2, 0.9],
    [0.2, 1, 0.3],
    [0.9, 0.3, 1],
  ];
  expect(groupTasks(names, apart, cka).clusters).toEqual([
    { clusters: [0, 2], tasks: ['a', 'c'], distance: expect.closeTo(0.1, 12) },
    { clusters: [3, 1], tasks: ['a', 'c', 'b'], distance: expect.closeTo(0.75, 12) },
  ]);
  const missing = cka.map((row) => row.map((value, j) => (j === 1 ? Number.NaN : value)));
  expect(groupTasks(names, apart, missing)).not.toHaveProperty('clusters');
});

test('branches of one trunk, each task in the group that serves it', () => {
  const groups = {
    budget: 2,
    groups: [
      ['a', 'b'],
      ['b', 'c'],
    ],
    servedBy: { a: 0, b: 0, c: 1 },
    score: 0,
    bound: 0,
  };
  const sharing = { use: 'hard-sharing', encoder: { use: 'mlp', units: [4, 4] }, head: { use: 'mlp' } };
  expect(branchesFor(groups, sharing, 2)).toEqual({
    ...sharing,
    use: 'branched-sharing',
    tree: { stages: 1, branches: [{ stages: 1, branches: ['a', 'b'] }, 'c'] },
  });
  expect(branchesFor({ ...groups, servedBy: { a: 0, b: 0, c: 0 } }, sharing, 2)).toBeUndefined();
  expect(branchesFor(groups, { ...sharing, use: 'mmoe' }, 2)).toBeUndefined();
  expect(branchesFor(groups, { ...sharing, rotations: true }, 2)).toBeUndefined();
  expect(branchesFor(groups, sharing, 0)).toBeUndefined();
});

import { expect, it } from 'vitest';
import { type Branch, requireBranches, requireFit, tasksBelow } from '../src/branch-tree.js';
import { errorOf } from './parts.js';

const tree: Branch = { stages: 1, branches: [{ stages: 1, branches: ['a', 'b'] }, 'c'] };

it('lists the tasks below', () => {
  expect(tasksBelow(tree)).toEqual(['a', 'b', 'c']);
  expect(tasksBelow('c')).toEqual(['c']);
});

it('accepts trees that fit', () => {
  requireBranches(tree);
  requireFit(tree, ['c', 'b', 'a'], ['conv0', 'conv1']);
});

it('refuses what is no tree, and says where', () => {
  const message = (given: unknown) => errorOf(() => requireBranches(given as Branch)).message;
  expect(message('a')).toMatch(/^`tree` must be \{ stages/);
  expect(message(undefined)).toMatch(/^`tree`/);
  expect(message({ stages: 1, branches: [] })).toMatch(/^`tree`/);
  expect(message({ stages: -1, branches: ['a'] })).toMatch(/^`tree`/);
  expect(message({ stages: 1, branches: ['a', { stages: 0.5, branches: ['b'] }] })).toMatch(/^`tree.branches\[1\]`/);
  expect(message({ stages: 1, branches: [['a', 'b']] })).toMatch(/^`tree.branches\[0\]` must be a task's name/);
});

it('refuses trees with unknown, doubled or missing tasks', () => {
  const error = (tasks: string[], given: Branch = tree) => errorOf(() => requireFit(given, tasks, ['s', 't']));
  expect(error(['a', 'b'])).toMatchObject({ code: 'POLYTASK_UNKNOWN_NAME' });
  expect(error(['a', 'b', 'c', 'd']).message).toContain('lacks `d`');
  const doubled: Branch = { stages: 1, branches: ['a', 'b', 'a'] };
  expect(error(['a', 'b'], doubled)).toMatchObject({ code: 'POLYTASK_BRANCH_TREE' });
  expect(error(['a', 'b'], doubled).message).toContain('holds `a` more than once');
});

it('refuses exactly the trees that are deeper than the encoder', () => {
  for (const upper of [0, 1, 2, 3]) {
    for (const lower of [0, 1, 2, 3]) {
      for (const available of [1, 2, 3, 4, 5, 6]) {
        const deep: Branch = { stages: upper, branches: ['a', { stages: lower, branches: ['b'] }] };
        const stages = Array.from({ length: available }, (_, index) => `dense${index}`);
        const { code } = errorOf(() => requireFit(deep, ['a', 'b'], stages));
        expect(code).toBe(upper + lower > available ? 'POLYTASK_BRANCH_TREE' : 'nothing thrown');
      }
    }
  }
  expect(errorOf(() => requireFit(tree, ['a', 'b', 'c'], ['conv0'])).message).toMatch(/2 stages deep.*has 1: `conv0`/);
});

import { checkValue, wordsOf } from '@polytask/core';
import { expect, it } from 'vitest';
import { type Branch, branch, requireFit, tasksBelow } from '../src/branch-tree.js';
import { errorOf } from './parts.js';

const tree: Branch = { stages: 1, branches: [{ stages: 1, branches: ['a', 'b'] }, 'c'] };

it('lists the tasks below', () => {
  expect(tasksBelow(tree)).toEqual(['a', 'b', 'c']);
  expect(tasksBelow('c')).toEqual(['c']);
});

it('accepts trees that fit', () => {
  expect(checkValue(branch, tree)).toEqual([]);
  requireFit(tree, ['c', 'b', 'a'], ['conv0', 'conv1']);
});

it('refuses what is no tree, and says where', () => {
  const place = (given: unknown) => checkValue(branch, given)[0]?.path.join('.');
  expect(wordsOf(branch)).toBe('{ stages, branches }');
  expect(place('a')).toBe('');
  expect(place(undefined)).toBe('');
  expect(place({ stages: 1, branches: [] })).toBe('branches');
  expect(place({ stages: -1, branches: ['a'] })).toBe('stages');
  expect(place({ stages: 1, branches: ['a', { stages: 0.5, branches: ['b'] }] })).toBe('branches.1.stages');
  expect(place({ stages: 1, branches: [['a', 'b']] })).toBe('branches.0');
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

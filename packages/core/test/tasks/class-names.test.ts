import { checkValue } from '@polytask/core';
import { expect, it } from 'vitest';
import { classNames, countOrNames } from '../../src/tasks/class-names.js';

it('gives the names, or numbers as names', () => {
  expect(classNames('classes', ['a', 'b'])).toEqual(['a', 'b']);
  expect(classNames('classes', 3)).toEqual(['0', '1', '2']);
});

it('keeps names of its own, so that a changed option changes nothing', () => {
  const given = ['a', 'b'];
  const names = classNames('classes', given);
  given[0] = 'z';
  expect(names).toEqual(['a', 'b']);
});

it('refuses names that occur twice', () => {
  expect(() => classNames('classes', ['a', 'a'])).toThrow(/`classes` must be names that are all different/);
});

it('takes a number of at least so many, or their names', () => {
  const classes = countOrNames(2, 'class');
  for (const right of [2, 10, ['a', 'b']]) expect(checkValue(classes, right)).toEqual([]);
  for (const wrong of [1, 2.5, Number.NaN, ['a'], ['a', ''], ['a', 1]])
    expect(checkValue(classes, wrong)).toHaveLength(1);
});

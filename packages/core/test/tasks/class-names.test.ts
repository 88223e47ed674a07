import { expect, it } from 'vitest';
import { classNames } from '../../src/tasks/class-names.js';

it('gives the names, or numbers as names', () => {
  expect(classNames('classes', ['a', 'b'], 2)).toEqual(['a', 'b']);
  expect(classNames('classes', 3, 2)).toEqual(['0', '1', '2']);
});

it('keeps names of its own, so that a changed option changes nothing', () => {
  const given = ['a', 'b'];
  const names = classNames('classes', given, 2);
  given[0] = 'z';
  expect(names).toEqual(['a', 'b']);
});

it.each([[1], [2.5], [Number.NaN], [['a']], [['a', 'a']], [['a', '']]])('refuses %j', (value) => {
  expect(() => classNames('classes', value, 2)).toThrow(/`classes` must be/);
});

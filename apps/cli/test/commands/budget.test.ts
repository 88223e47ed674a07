import { expect, it } from 'vitest';
import { parseBudget } from '../../src/commands/budget.js';

it.each([
  ['90', 90],
  ['90s', 90],
  ['10m', 600],
  ['10 min', 600],
  ['1.5h', 5400],
  ['0.5s', 0.5],
  ['168h', 604_800],
])('reads %s', (text, seconds) => {
  expect(parseBudget(text)).toBe(seconds);
});

it.each(['0', '-1m', '5 days', '1toString', '169h', 'soon', ''])('refuses %j', (text) => {
  expect(() => parseBudget(text)).toThrow('expected a time above 0 and of at most 168h, such as 90s, 10m or 1.5h');
});

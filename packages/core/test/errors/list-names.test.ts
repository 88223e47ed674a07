import { expect, test } from 'vitest';
import { listNames, UnknownNameError } from '../../src/index.js';

const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);

test('few names are all there, of many the first, and how many more', () => {
  expect(listNames([])).toBe('none');
  expect(listNames(names(2))).toBe('`n0`, `n1`');
  expect(listNames(names(12), { plain: true })).toBe(names(12).join(', '));
  expect(listNames(names(10_000), { plain: true })).toBe(`${names(12).join(', ')} and 9988 more`);
});

test('the nearest word is among all names, shown or not', () => {
  const message = new UnknownNameError('column', 'n999x', names(1000)).message;
  expect(message).toMatch(/and 988 more\. Did you mean `n999`\?$/);
  expect(message.length).toBeLessThan(200);
});

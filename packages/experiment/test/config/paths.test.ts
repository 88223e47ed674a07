import { describe, expect, it } from 'vitest';
import { isMapping, showPath, showValue, valueAt } from '../../src/config/paths.js';

describe('showPath', () => {
  it('writes keys with points and places in brackets', () => {
    expect(showPath(['tasks', 1, 'classes'])).toBe('tasks[1].classes');
    expect(showPath([])).toBe('');
  });
});

describe('valueAt', () => {
  it('follows keys and places', () => {
    expect(valueAt({ tasks: [{ name: 'a' }] }, ['tasks', 0, 'name'])).toBe('a');
    expect(valueAt({ tasks: [] }, ['tasks', 0, 'name'])).toBeUndefined();
    expect(valueAt(3, ['x'])).toBeUndefined();
  });

  it('sees own keys only', () => {
    expect(valueAt({}, ['constructor'])).toBeUndefined();
    expect(valueAt({}, ['__proto__', 'toString'])).toBeUndefined();
  });
});

describe('showValue', () => {
  it('is short and in the words of YAML', () => {
    expect([null, undefined, 1.5, true, 'x', [1, 2], { a: 1 }, Number.NaN].map(showValue)).toEqual([
      'nothing',
      'nothing',
      '1.5',
      'true',
      '"x"',
      '[1,2]',
      '{"a":1}',
      'NaN',
    ]);
    expect(showValue('y'.repeat(100))).toHaveLength(61);
    expect(showValue(Array(100).fill(1))).toBe('a list of 100');
    expect(showValue({ key: 'y'.repeat(100) })).toBe('a mapping');
  });
});

describe('isMapping', () => {
  it('holds for objects that are no lists', () => {
    expect([{}, [], null, 'x'].map(isMapping)).toEqual([true, false, false, false]);
  });
});

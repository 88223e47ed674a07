import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byName,
  byTask,
  checkValue,
  choice,
  code,
  either,
  flag,
  lazy,
  list,
  mapping,
  mlp,
  number,
  optional,
  part,
  required,
  sgd,
  type Type,
  taskName,
  text,
  tuple,
  whole,
  wordsOf,
} from '../../src/index.js';

interface Tree {
  readonly branches: readonly (Tree | string)[];
}
const tree: Type<Tree> = mapping({
  branches: required(list(lazy(() => either([taskName(), tree]), 'a branch')), 'Below.'),
});
const withFunction = code<() => number>('a function', (value) => typeof value === 'function');

const cases: readonly [Type<unknown>, string, readonly unknown[], readonly unknown[]][] = [
  [number(), 'a number', [0, -1.5], [Number.NaN, Number.POSITIVE_INFINITY, '1', null]],
  [number({ above: 0, to: 1 }), 'a number above 0 to 1', [1, 0.1], [0, 1.1]],
  [number({ from: 0, below: 1 }), 'a number from 0 to below 1', [0, 0.9], [1, -0.1]],
  [number({ below: 1 }), 'a number below 1', [-5], [1]],
  [whole({ from: 1, to: 9 }), 'a whole number from 1 to 9', [1, 9], [0, 10, 1.5, 2 ** 60]],
  [flag(), 'true or false', [true, false], [0, 'no', null]],
  [text('a unit'), 'a unit', ['m'], ['', 3]],
  [text('a lower-case word', /^[a-z]+$/), 'a lower-case word', ['abc'], ['A']],
  [choice('mse', 'mae'), 'one of mse, mae', ['mse'], ['huber', 1]],
  [choice('balanced'), 'balanced', ['balanced'], ['even']],
  [list(whole({ from: 1 }), { least: 1 }), 'a list of whole numbers from 1, at least one', [[1], [2, 3]], [[], [0], 1]],
  [list(part('encoder')), 'a list of encoders', [[], [mlp([1])]], [[sgd()]]],
  [tuple([text(), whole()]), 'a list of 2: a text, a whole number', [['a', 1]], [['a'], [1, 'a'], ['a', 1, 2]]],
  [byTask(part('encoder'), 'encoders'), 'encoders by task name', [{}, { a: mlp([1]) }], [[], { a: 1 }, mlp([1])]],
  [byName(number(), 'numbers by name'), 'numbers by name', [{ a: 1 }], [{ a: '1' }]],
  [mapping({ size: optional(whole(), 'Size.') }), '{ size }', [{}, { size: 1 }, { size: undefined }], [{ sise: 1 }, 1]],
  [part('optimizer'), 'an optimizer', [sgd()], [mlp([1]), sgd]],
  [part('sharing'), 'a sharing strategy', [], [{}]],
  [part('loss-weighting', 'gradient-balancing'), 'a loss weighting or a gradient balancing', [], [sgd()]],
  [either([flag(), number()]), 'true or false, or a number', [true, 1], ['x']],
  [withFunction, 'a function', [() => 1], [1]],
  [
    tree,
    '{ branches }',
    [{ branches: ['a', { branches: ['b'] }] }],
    [{ branches: [{ branch: [] }] }, { branches: [''] }],
  ],
];

describe.each(cases)('%o', (takes, words, right, wrong) => {
  it(`is "${words}"`, () => expect(wordsOf(takes)).toBe(words));
  it('takes what it says', () => {
    for (const value of right) expect(checkValue(takes, value), String(value)).toEqual([]);
  });
  it('refuses everything else', () => {
    for (const value of wrong) expect(checkValue(takes, value).length, String(value)).toBeGreaterThan(0);
  });
});

it('names the place within a value, and the nearest word', () => {
  const [problem] = checkValue(tree, { branches: ['a', { branches: ['b', 3] }] });
  expect(problem?.path).toEqual(['branches', 1, 'branches', 1]);
  expect(checkValue(mapping({ size: optional(whole(), '') }), { sise: 1 })[0]).toMatchObject({
    path: ['sise'],
    advice: 'Did you mean `size`?',
  });
});

it('takes no value for another by its prototype, and never throws', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withDate: true, withMap: true }), (value) => {
      for (const [takes] of cases) {
        for (const { path, required: words } of checkValue(takes, value)) {
          expect(Array.isArray(path)).toBe(true);
          expect(words).not.toBe('');
        }
      }
    }),
  );
});

import { DatasetError, InvalidOptionError } from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignParts, countParts } from '../../src/split/assign-parts.js';
import { splitRule } from '../../src/split/split-options.js';

const sizes = (assigned: Uint8Array) => Object.values(countParts(assigned));

describe('splitRule', () => {
  it('refuses shares that leave nothing, and several columns', () => {
    expect(() => splitRule({ validation: 0.5, test: 0.5 })).toThrow(InvalidOptionError);
    expect(() => splitRule({ test: 1 })).toThrow(InvalidOptionError);
    expect(() => splitRule({ group: 'a', time: 'b' })).toThrow(/since `group` is given/);
  });
});

describe('assignParts', () => {
  it('takes exactly the shares at random, and other rows with another seed', () => {
    const rule = splitRule({ validation: 0.1, test: 0.2, seed: 3 });
    const assigned = assignParts(rule, 1000);
    expect(sizes(assigned)).toEqual([700, 100, 200]);
    expect(assignParts(rule, 1000)).toEqual(assigned);
    expect(assignParts({ ...rule, seed: 4 }, 1000)).not.toEqual(assigned);
  });

  it('leaves test rows as they are when validation rows change', () => {
    const tests = (validation: number) =>
      [...assignParts(splitRule({ validation, test: 0.3 }), 50).keys()].filter(
        (row) => assignParts(splitRule({ validation, test: 0.3 }), 50)[row] === 2,
      );
    expect(tests(0.1)).toEqual(tests(0.4));
  });

  it('is fixed for all time: a recorded split is found again', () => {
    // By pure-rand 8.4.2's xoroshiro128+, seeded with 0 and "split".
    expect([...assignParts(splitRule({ validation: 0.2, test: 0.3 }), 10)]).toMatchInlineSnapshot(`
      [
        0,
        0,
        1,
        2,
        2,
        1,
        0,
        0,
        0,
        2,
      ]
    `);
  });

  it('keeps groups together and comes near the shares', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 100, maxLength: 400 }),
        fc.nat(),
        (groups, seed) => {
          const assigned = assignParts(
            splitRule({ group: 'g', validation: 0.2, test: 0.2, seed }),
            groups.length,
            groups,
          );
          const partOf = new Map<number, number>();
          groups.forEach((group, row) => {
            expect(partOf.get(group) ?? assigned[row]).toBe(assigned[row]);
            partOf.set(group, assigned[row] as number);
          });
          const largest = Math.max(...groups.map((group) => groups.filter((other) => other === group).length));
          for (const part of ['validation', 'test'] as const) {
            expect(Math.abs(countParts(assigned)[part] - 0.2 * groups.length)).toBeLessThanOrEqual(largest);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('takes the latest rows, and does not divide a moment', () => {
    const times = [5, 1, 4, 2, 3, 5, 0, 5, 6, 7];
    const assigned = assignParts(splitRule({ time: 't', validation: 0.2, test: 0.2 }), 10, times);
    // The latest two are 6 and 7; the next two are two of three fives, of which all go along.
    expect([...assigned]).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 2, 2]);
    const dates = ['2024-01-02', '2023-12-31', '2024-01-01'];
    expect([...assignParts(splitRule({ time: 't', test: 0.3 }), 3, dates)]).toEqual([2, 0, 0]);
  });

  it('does what a column says', () => {
    const rule = splitRule({ column: 'part' });
    expect([...assignParts(rule, 3, ['test', 'train', 'validation'])]).toEqual([2, 0, 1]);
    expect(() => assignParts(rule, 2, ['train', 'dev'])).toThrow(/row 1 has "dev"/);
  });

  it('refuses parts without a row, and rows without a value', () => {
    expect(() => assignParts(splitRule({ test: 0.01 }), 10)).toThrow(DatasetError);
    expect(() => assignParts(splitRule({ group: 'g', test: 0.5 }), 3, ['a', 'a', 'a'])).toThrow(/give/);
    expect(() => assignParts(splitRule({ group: 'g', test: 0.5 }), 2, ['a', null])).toThrow(/row 1 has none/);
    expect(() => assignParts(splitRule({ time: 't', test: 0.5 }), 2, [1, 'soon'])).toThrow(/row 1 has "soon"/);
    expect(() => assignParts(splitRule({ column: 'c' }), 1, ['test'])).toThrow(/0 train/);
  });
});

describe('a stratified split', () => {
  const rule = splitRule({ stratify: 'kind', validation: 0.1, test: 0.2, seed: 5 });

  it('gives every part its share of every value, by hand', () => {
    const kinds = Array.from({ length: 100 }, (_, row) => (row < 70 ? 'a' : row < 90 ? 'b' : null));
    const assigned = assignParts(rule, 100, kinds);
    const of = (kind: string | null) => sizes(assigned.filter((_, row) => kinds[row] === kind));
    expect([of('a'), of('b'), of(null)]).toEqual([
      [49, 7, 14],
      [14, 2, 4],
      [7, 1, 2],
    ]);
    expect(assignParts(rule, 100, kinds)).toEqual(assigned);
    expect(assignParts({ ...rule, seed: 6 }, 100, kinds)).not.toEqual(assigned);
    const tests = (parts: Uint8Array) => [...parts.keys()].filter((row) => parts[row] === 2);
    expect(tests(assignParts({ ...rule, validation: 0.3 }, 100, kinds))).toEqual(tests(assigned));
  });

  it('is right to less than a row or two in every value, and to a row in all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 40, maxLength: 200 }),
        fc.integer(),
        (values, seed) => {
          const assigned = assignParts({ ...rule, seed }, values.length, values);
          const [, validation, test] = sizes(assigned) as [number, number, number];
          expect(Math.abs(test - 0.2 * values.length)).toBeLessThanOrEqual(1);
          expect(Math.abs(validation - 0.1 * values.length)).toBeLessThanOrEqual(1.5);
          for (const value of new Set(values)) {
            const rows = assigned.filter((_, row) => values[row] === value);
            expect(Math.abs((sizes(rows)[2] as number) - 0.2 * rows.length)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });
});

describe('stratifying', () => {
  it('keeps a row of every value for training, and makes the shares up by others', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 60, maxLength: 200 }),
        fc.nat(1000),
        (values, seed) => {
          const all = [...values, 'once', 'alone'];
          const assigned = assignParts(
            splitRule({ stratify: 'a', validation: 0.15, test: 0.25, seed }),
            all.length,
            all,
          );
          const trained = new Set(all.filter((_, row) => assigned[row] === 0));
          expect(trained.size).toBe(new Set(all).size);
        },
      ),
      { numRuns: 40 },
    );
    const half = assignParts(
      splitRule({ stratify: 'a', test: 0.5 }),
      200,
      Array.from({ length: 200 }, (_, row) => row < 100),
    );
    expect([...half].filter((part, row) => part === 2 && row < 100)).toHaveLength(50);
  });

  it('gives every part its share of every value of several columns', () => {
    // Independent columns of 2, 5 and 40 values; within a row of each share is what crossing 400 combinations could not give.
    const rows = 2000;
    const columns = [2, 5, 40].map((values, c) =>
      Array.from({ length: rows }, (_, row) => `v${((row * 7919 + c * 104_729) % 10_007) % values}`),
    );
    const rule = splitRule({ stratify: ['a', 'b', 'c'], validation: 0.1, test: 0.2, seed: 2 });
    expect(rule).toMatchObject({ by: 'stratify', columns: ['a', 'b', 'c'] });
    const assigned = assignParts(rule, rows, columns);
    expect(assigned).toEqual(assignParts(rule, rows, columns));
    for (const values of columns) {
      for (const value of new Set(values)) {
        const having = [...assigned.keys()].filter((row) => values[row] === value);
        for (const [part, share] of [
          [1, 0.1],
          [2, 0.2],
        ] as const) {
          const found = having.filter((row) => assigned[row] === part).length;
          expect(Math.abs(found - share * having.length)).toBeLessThanOrEqual(1.5);
        }
      }
    }
  });
});

describe('folds', () => {
  const rule = (fold: number, more: object = {}) => splitRule({ folds: 4, fold, validation: 0.15, ...more });
  const tested = (assigned: Uint8Array) => [...assigned.keys()].filter((row) => assigned[row] === 2);

  it('test every row once, in parts that differ by one row at most', () => {
    for (const [more, values] of [
      [{}, []],
      [{ stratify: 'a' }, Array.from({ length: 103 }, (_, row) => row % 7)],
      [{ group: 'g' }, Array.from({ length: 103 }, (_, row) => row % 30)],
      [{ stratify: ['a', 'b'] }, [3, 5].map((by) => Array.from({ length: 103 }, (_, row) => row % by))],
    ] as const) {
      const folds = [1, 2, 3, 4].map((fold) => assignParts(rule(fold, more), 103, values as never));
      const all = folds.flatMap(tested);
      expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, row) => row));
      const counts = folds.map((assigned) => tested(assigned).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual('group' in more ? 4 : 1);
      for (const assigned of folds) expect(countParts(assigned).validation).toBeGreaterThanOrEqual(12);
    }
  });

  it('keep groups together, and values in shares', () => {
    const groups = Array.from({ length: 90 }, (_, row) => `g${row % 9}`);
    for (const fold of [1, 2, 3, 4]) {
      const assigned = assignParts(rule(fold, { group: 'g' }), 90, groups);
      for (const part of [0, 1, 2]) {
        const inside = new Set(groups.filter((_, row) => assigned[row] === part));
        const outside = new Set(groups.filter((_, row) => assigned[row] !== part));
        expect([...inside].filter((group) => outside.has(group))).toEqual([]);
      }
    }
    const values = Array.from({ length: 100 }, (_, row) => (row < 20 ? 'rare' : 'usual'));
    const assigned = assignParts(rule(2, { stratify: 'a' }), 100, values);
    expect(tested(assigned).filter((row) => row < 20)).toHaveLength(5);
  });

  it('are refused where something else says what is tested', () => {
    expect(() => rule(5)).toThrow(/a whole number from 1 to 4/);
    expect(() => rule(1, { test: 0.2 })).toThrow(/since `folds` says/);
    expect(() => rule(1, { time: 't' })).toThrow(/since `time` says/);
    expect(() => splitRule({ fold: 1 })).toThrow(/where there are no `folds`/);
  });
});

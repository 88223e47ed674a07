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

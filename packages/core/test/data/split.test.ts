import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitDataset } from '../../src/data/split.js';
import { rowsOfIds, subset } from '../../src/data/subset.js';
import { countingTable } from './tables.js';

const fractions = { train: 0.8, validation: 0.1, test: 0.1 };

test('parts have their share of the rows, every row once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 300 }), fc.string(), (rows, seed) => {
      const { parts, ids } = splitDataset(countingTable(rows), fractions, seed);
      const all = [...ids.train, ...ids.validation, ...ids.test];
      expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
      expect(Math.abs(parts.train.size - 0.8 * rows)).toBeLessThan(1);
      expect(Math.abs(parts.validation.size - 0.1 * rows)).toBeLessThan(1);
      expect(parts.test.ids).toEqual(ids.test);
    }),
  );
});

test('whole shares come out whole', () => {
  const { parts } = splitDataset(countingTable(1000), fractions, 1);
  expect([parts.train.size, parts.validation.size, parts.test.size]).toEqual([800, 100, 100]);
});

test('what is left over goes to the greatest remainder', () => {
  // 0.5, 0.3, 0.2 of 7: 3.5, 2.1, 1.4.
  const { parts } = splitDataset(countingTable(7), { a: 0.5, b: 0.3, c: 0.2 }, 1);
  expect([parts.a.size, parts.b.size, parts.c.size]).toEqual([4, 2, 1]);
});

test('the seed decides, a number as well as text', () => {
  const of = (seed: number | string) => splitDataset(countingTable(50), fractions, seed).ids.train;
  expect(of(3)).toEqual(of('3'));
  expect(of(3)).not.toEqual(of(4));
});

test('rows keep their order within a part', () => {
  const { ids } = splitDataset(countingTable(50), fractions, 3);
  expect([...ids.train]).toEqual([...ids.train].sort((a, b) => a - b));
});

test('a recorded split can be made again', () => {
  const dataset = countingTable(20);
  const { parts, ids } = splitDataset(dataset, fractions, 3);
  const again = subset(dataset, rowsOfIds(dataset, ids.train));
  expect(again.labels('y')).toEqual(parts.train.labels('y'));
});

test.each([{ train: 0.8, test: 0.1 }, { train: 1.2, test: -0.2 }, { train: Number.NaN }, {}])('refuses %s', (wrong) => {
  expect(() => splitDataset(countingTable(10), wrong as Record<string, number>, 1)).toThrow(
    /positive numbers that sum to 1/,
  );
});

test('refuses a part without a row', () => {
  expect(() => splitDataset(countingTable(4), { train: 0.95, test: 0.05 }, 1)).toThrow(/leaves none for `test`/);
});

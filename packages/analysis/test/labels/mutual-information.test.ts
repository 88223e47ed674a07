import { uniformFloats } from '@polytask/core';
import { expect, test } from 'vitest';
import { binned, mutualInformation } from '../../src/labels/mutual-information.js';

const classes = (values: ArrayLike<number>) => ({ kind: 'classes', values }) as const;
const numbers = (values: ArrayLike<number>) => ({ kind: 'numbers', values }) as const;

// p = [[3, 1], [1, 3]] / 8 with even margins: I = ¾ ln 1.5 + ¼ ln ½.
test('by hand', () => {
  const found = mutualInformation(classes([0, 0, 0, 0, 1, 1, 1, 1, -1]), classes([0, 0, 0, 1, 0, 1, 1, 1, 0]));
  const information = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
  expect(found.information).toBeCloseTo(information, 12);
  expect(found.normalized).toBeCloseTo(information / Math.log(2), 12);
  expect(found.rows).toBe(8);
});

test('independent labels: nothing is left after chance, and the test says so', () => {
  const [x, y] = ['x', 'y'].map((name) => uniformFloats(300, name).map((u) => Math.floor(8 * u)));
  const found = mutualInformation(classes(x as Float32Array), classes(y as Float32Array));
  // 7 · 7 / (2 · 300) is what chance gives.
  expect(found.byChance).toBeCloseTo(49 / 600, 1);
  expect(Math.abs(found.adjusted)).toBeLessThan(0.03);
  expect(found.pValue).toBeGreaterThan(0.05);
});

test('a curve that no correlation sees', () => {
  const x = uniformFloats(200, 'curve').map((u) => 2 * u - 1);
  const found = mutualInformation(numbers(x), numbers(x.map((value) => value * value)));
  expect(found.pValue).toBe(1 / 201);
  expect(found.adjusted).toBeGreaterThan(0.4);
});

test('the same seed gives the same test; no shuffles, no test', () => {
  const [x, y] = [uniformFloats(40, 'a'), uniformFloats(40, 'b')];
  const [first, again, other] = [1, 1, 2].map((seed) =>
    mutualInformation(numbers(x), numbers(y), { seed, permutations: 30 }),
  );
  expect(again).toEqual(first);
  expect(other?.byChance).not.toBe(first?.byChance);
  expect(mutualInformation(numbers(x), numbers(y), { permutations: 0 }).pValue).toBeNaN();
});

test('a column with one class, or without common rows, gives NaN', () => {
  expect(mutualInformation(classes([0, 0, 0]), classes([0, 1, 0])).normalized).toBeNaN();
  expect(mutualInformation(numbers([NaN, 1]), numbers([1, NaN]))).toMatchObject({ normalized: Number.NaN, rows: 0 });
});

test('bins hold about as many rows each, and equal numbers stay together', () => {
  expect(Array.from(binned(Float64Array.of(5, 1, 3, 2, 4, 6), 3))).toEqual([2, 0, 1, 0, 1, 2]);
  expect(Array.from(binned(Float64Array.of(0, 0, 0, 0, 1, 2), 3))).toEqual([0, 0, 0, 0, 1, 1]);
});

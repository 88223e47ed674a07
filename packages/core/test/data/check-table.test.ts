import { expect, test } from 'vitest';
import { checkCategories, checkFinite, checkIds, checkLabels, checkWeights } from '../../src/data/check-table.js';
import { storeArray } from '../../src/data/stored-array.js';

const stored = (data: Float32Array | Int32Array | Uint8Array, width = 1) =>
  storeArray('it', { data, shape: [data.length / width, width] });

test('inputs are finite', () => {
  expect(() => checkFinite('It', stored(Float32Array.of(0, -1e38)))).not.toThrow();
  expect(() => checkFinite('It', stored(Float32Array.of(0, 1, 2, Number.NEGATIVE_INFINITY), 2))).toThrow(
    'It must be finite, but row 1 has -Infinity. Fill in what is missing, or leave the row out.',
  );
});

test('labels are finite or missing', () => {
  expect(() => checkLabels('y', stored(Float32Array.of(0, Number.NaN)))).not.toThrow();
  expect(() => checkLabels('y', stored(Float32Array.of(0, Number.POSITIVE_INFINITY)))).toThrow(/row 1 has Infinity/);
});

test('weights are finite and not negative', () => {
  expect(() => checkWeights('y', stored(Float32Array.of(0, 3.5)))).not.toThrow();
  for (const bad of [-0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => checkWeights('y', stored(Float32Array.of(1, bad)))).toThrow(/row 1 has/);
  }
});

test('category ids are whole, by place, below their number', () => {
  expect(() => checkCategories('It', stored(Int32Array.of(1, 4, 0, 0), 2), [2, 5])).not.toThrow();
  expect(() => checkCategories('It', stored(Int32Array.of(1, 4, 2, 0), 2), [2, 5])).toThrow(/place 0, but row 1 has 2/);
  expect(() => checkCategories('It', stored(Float32Array.of(0.5)), [2])).toThrow(/row 0 has 0.5/);
  expect(() => checkCategories('It', stored(Int32Array.of(-1)), [2])).toThrow(/row 0 has -1/);
  expect(() => checkCategories('It', stored(Int32Array.of(0)), [0])).toThrow(/each at least 1/);
});

test('ids are whole numbers of int32, each once', () => {
  const ids = Int32Array.of(3, 0, 2147483647);
  expect(checkIds(ids)).toBe(ids);
  expect(checkIds([3, 0])).toEqual(Int32Array.of(3, 0));
  expect(() => checkIds([1, 0.5])).toThrow(/row 1 has 0.5/);
  expect(() => checkIds([1, 1])).toThrow(/1 is there twice/);
});

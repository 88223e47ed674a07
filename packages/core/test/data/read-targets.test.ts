import { describe, expect, test } from 'vitest';
import { classIds, isMissing, oneHot, readTargets } from '../../src/data/read-targets.js';

const { NaN: none } = Number;
const classes = { name: 'left', target: { shape: [], dtype: 'int32' } } as const;
const values = { name: 'price', target: { shape: [2], dtype: 'float32' } } as const;
const dense = { name: 'tags', target: { shape: [2], dtype: 'int32' } } as const;

describe('readTargets', () => {
  test('copies', () => {
    const data = Int32Array.of(1, 2);
    const read = readTargets(classes, { data, shape: [2] });
    expect(read).toEqual({ data, shape: [2] });
    expect(read.data).not.toBe(data);
  });

  test('makes class ids of float32, missing −1', () => {
    const read = readTargets(classes, { data: Float32Array.of(3, none, -1, 0), shape: [4] });
    expect(read.data).toEqual(Int32Array.of(3, -1, -1, 0));
  });

  test('makes values of int32, missing NaN', () => {
    const read = readTargets(values, { data: Int32Array.of(3, -1, 0, 5), shape: [2, 2] });
    expect(read.data).toEqual(Float32Array.of(3, none, 0, 5));
  });

  test('leaves distributions over classes as they are', () => {
    const soft = { data: Float32Array.of(0.25, 0.75), shape: [1, 2] };
    expect(readTargets(classes, soft)).toEqual(soft);
    const softDense = { data: new Float32Array(12), shape: [2, 2, 3] };
    expect(readTargets(dense, softDense)).toEqual(softDense);
  });

  test.each([
    ['a class between classes', classes, { data: Float32Array.of(1, 1.5), shape: [2] }, /row 1 of a batch has 1.5/],
    [
      'values that would be lost',
      values,
      { data: Int32Array.of(1, 2, -7, 3), shape: [2, 2] },
      /row 1 of a batch has -7/,
    ],
    ['another shape', values, { data: new Float32Array(3), shape: [3] }, /shape \[any, 2\], but has shape \[3\]/],
    ['int32 distributions', classes, { data: new Int32Array(4), shape: [2, 2] }, /shape \[any\]/],
    ['distributions over values', values, { data: new Float32Array(8), shape: [2, 2, 2] }, /shape \[any, 2\]/],
  ])('refuses %s', (_, task, labels, message) => {
    expect(() => readTargets(task, labels)).toThrow(message);
  });
});

describe('oneHot', () => {
  test('is 1 at the class, NaN throughout where there is none', () => {
    expect(oneHot(classes, { data: Int32Array.of(1, -1), shape: [2] }, 3)).toEqual({
      data: Float32Array.of(0, 1, 0, none, none, none),
      shape: [2, 3],
    });
    expect(oneHot(dense, { data: Int32Array.of(0, 1), shape: [1, 2] }, 2).shape).toEqual([1, 2, 2]);
  });

  test('refuses a class beyond', () => {
    expect(() => oneHot(classes, { data: Int32Array.of(3), shape: [1] }, 3)).toThrow(/must be below 3/);
  });
});

test('a row is missing where all of it is', () => {
  const ids = { data: Int32Array.of(-1, -1, -1, 0), shape: [2, 2] };
  expect([isMissing(ids, 0), isMissing(ids, 1)]).toEqual([true, false]);
  const floats = { data: Float32Array.of(none, none, none, -1), shape: [2, 2] };
  expect([isMissing(floats, 0), isMissing(floats, 1)]).toEqual([true, false]);
});

test('classIds takes the most probable class of distributions, -1 without a label, and leaves the rest alone', () => {
  const distributions = { data: Float32Array.of(0.2, 0.5, 0.3, none, none, none, 0.4, 0.4, 0.2), shape: [3, 3] };
  expect(classIds(classes, distributions)).toEqual({ data: Int32Array.of(1, -1, 0), shape: [3] });
  const ids = { data: Int32Array.of(2, 0), shape: [2] };
  expect(classIds(classes, ids)).toBe(ids);
  const numbers = { data: Float32Array.of(1, 2), shape: [1, 2] };
  expect(classIds(values, numbers)).toBe(numbers);
});

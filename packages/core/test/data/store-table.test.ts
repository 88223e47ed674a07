import { describe, expect, test } from 'vitest';
import { storeColumn, storeInput, storeWeights } from '../../src/data/store-table.js';

describe('an input', () => {
  test.each([
    ['float32', { data: new Float32Array(4), shape: [2, 2] }, { shape: [2], dtype: 'float32' }],
    ['int32', { data: new Int32Array(4), shape: [2, 2] }, { shape: [2], dtype: 'int32' }],
    ['bytes', { data: new Uint8Array(4), shape: [2, 2] }, { shape: [2], dtype: 'float32' }],
    ['plain numbers', { data: [1, 2], shape: [2] }, { shape: [], dtype: 'float32' }],
    ['categories', { data: [1, 2], shape: [2, 1], categories: [3] }, { shape: [1], dtype: 'float32', categories: [3] }],
  ])('of %s says what a row is', (_, input, spec) => {
    expect(storeInput('x', input as never).spec).toEqual(spec);
  });

  test('of bytes keeps them, and their factor', () => {
    const data = new Uint8Array(4);
    expect(storeInput('x', { data, shape: [4], scale: 0.5 }).array).toMatchObject({ data, scale: 0.5 });
    expect(storeInput('x', { data, shape: [4] }).array.scale).toBe(1);
  });
});

describe('a column', () => {
  test.each([
    ['int32 stays', Int32Array.of(1, -1), Int32Array.of(1, -1)],
    ['float32 stays', Float32Array.of(1, Number.NaN), Float32Array.of(1, Number.NaN)],
    ['bytes become class ids', Uint8Array.of(1, 255), Int32Array.of(1, 255)],
    ['plain numbers become float32, null NaN', [1, null, -2], Float32Array.of(1, Number.NaN, -2)],
    ['a tensor has a shape', { data: Float32Array.of(1, 2), shape: [1, 2] }, Float32Array.of(1, 2)],
  ])('%s', (_, column, data) => {
    expect(storeColumn('y', column as never).data).toEqual(data);
  });
});

describe('weights', () => {
  test('none, for all columns, or by column', () => {
    expect(storeWeights(undefined, ['a'])).toEqual(new Map());
    const all = storeWeights([1, 2], ['a', 'b']);
    expect(all.get('a')).toBe(all.get('b'));
    const some = storeWeights({ b: Float32Array.of(1, 2) }, ['a', 'b']);
    expect([...some.keys()]).toEqual(['b']);
  });

  test('of a column that is not there are refused', () => {
    expect(() => storeWeights({ c: [1] }, ['a', 'b'])).toThrow(/no column named `c`/);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatherRows, storeArray } from '../../src/data/stored-array.js';
import { DatasetError } from '../../src/errors/dataset-error.js';

describe('storeArray', () => {
  test('keeps typed arrays without copying', () => {
    const data = new Float32Array(12);
    const stored = storeArray('Input `x`', { data, shape: [3, 2, 2] });
    expect(stored.data).toBe(data);
    expect(stored).toMatchObject({ rowShape: [2, 2], width: 4, scale: 1 });
  });

  test('makes float32 of plain numbers, NaN of null', () => {
    expect(storeArray('Column `y`', { data: [1, null, -1], shape: [3] }).data).toEqual(
      Float32Array.of(1, Number.NaN, -1),
    );
  });

  test.each([
    ['a shape that is not its length', { data: new Float32Array(5), shape: [2, 3] }, /must have 6 numbers .* has 5/],
    ['no shape', { data: new Float32Array(5) }, /shape of positive whole numbers/],
    ['a scalar', { data: new Float32Array(1), shape: [] }, /rows first/],
    ['no rows', { data: new Float32Array(0), shape: [0, 2] }, /at least one row/],
    ['a fraction of a row', { data: new Float32Array(1), shape: [0.5, 2] }, /whole numbers/],
    ['words', { data: ['cat', 'dog'], shape: [2] }, /has "cat" in place 0/],
    ['Float64Array', { data: new Float64Array(2), shape: [2] }, /is a Float64Array/],
    ['nothing', { data: undefined, shape: [2] }, /is undefined/],
  ])('refuses %s', (_, array, message) => {
    expect(() => storeArray('Input `x`', array as never)).toThrow(DatasetError);
    expect(() => storeArray('Input `x`', array as never)).toThrow(message);
  });
});

describe('gatherRows', () => {
  const widths = fc.constantFrom(1, 2, 15, 16, 17, 40);
  const types = fc.constantFrom(Float32Array, Int32Array, Uint8Array);

  test('gives the same numbers as reading one by one, for every type and width', () => {
    fc.assert(
      fc.property(types, widths, fc.array(fc.nat(8), { maxLength: 20 }), (Type, width, rows) => {
        const data = new Type(Array.from({ length: 9 * width }, (_, i) => (i * 37) % 256));
        const stored = storeArray('Input `x`', { data, shape: [9, width] });
        const expected = rows.flatMap((row) => [...data.subarray(row * width, (row + 1) * width)]);
        const gathered = gatherRows(stored, rows);
        expect(gathered.shape).toEqual([rows.length, width]);
        expect([...gathered.data]).toEqual(expected);
        expect(gathered.data).toBeInstanceOf(Type === Int32Array ? Int32Array : Float32Array);
      }),
    );
  });

  test('scales bytes to float32', () => {
    const stored = storeArray('Input `x`', { data: Uint8Array.of(0, 51, 255), shape: [3] }, 1 / 255);
    expect(gatherRows(stored, [2, 1, 0]).data).toEqual(Float32Array.of(1, 0.2, 0));
  });

  test('gives a new array every time', () => {
    const stored = storeArray('Input `x`', { data: Float32Array.of(1, 2), shape: [2] });
    const first = gatherRows(stored, [0, 1]);
    const second = gatherRows(stored, [0, 1]);
    (first.data as Float32Array).fill(9);
    expect([...second.data]).toEqual([1, 2]);
    expect([...stored.data]).toEqual([1, 2]);
  });
});

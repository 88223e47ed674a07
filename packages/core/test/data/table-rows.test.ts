import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../../src/contracts/tensors.js';
import { gatherRows, storeArray } from '../../src/data/stored-array.js';
import { rowsWhenRead, tableRows } from '../../src/data/table-rows.js';

describe('rowsWhenRead', () => {
  const table = storeArray('Input `x`', { data: Float32Array.from({ length: 9 * 20 }, (_, i) => i), shape: [9, 4, 5] });

  test('has the numbers of gatherRows, and says where they come from', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(8), { minLength: 1, maxLength: 20 }), fc.boolean(), (rows, typed) => {
        const found = rowsWhenRead(table, typed ? Uint32Array.from(rows) : rows);
        const { data, shape } = gatherRows(table, rows);
        expect(found.shape).toEqual(shape);
        expect(tableRows(found)?.table).toBe(table.data);
        expect(Array.from(tableRows(found)?.indices ?? [])).toEqual(rows);
        expect(found.data).toEqual(data);
        expect(found.data).toBe(found.data);
        expect(tableRows(found)?.wasRead).toBe(true);
      }),
    );
  });

  test('is written into the array of the one before, where that was read', () => {
    const [read, unread] = [rowsWhenRead(table, [0, 1]), rowsWhenRead(table, [0, 1])];
    const { data } = read;
    expect(rowsWhenRead(table, [2, 3], read).data).toBe(data);
    expect(Array.from(data)).toEqual(Array.from(table.data.subarray(40, 80)));
    expect(rowsWhenRead(table, [2, 3], unread).data).toEqual(data);
  });

  test('says by what bytes are divided, and the quotients are what is gathered', () => {
    const data = Uint8Array.from({ length: 512 }, (_, i) => i);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (divisor) => {
        const bytes = storeArray('Input `x`', { data, shape: [2, 256] }, 1 / divisor);
        const tensor = rowsWhenRead(bytes, [1]);
        expect(tableRows(tensor)).toMatchObject({ table: data, indices: Int32Array.of(1), divisor, wasRead: false });
        expect(Array.from(tensor.data)).toEqual(Array.from({ length: 256 }, (_, i) => Math.fround(i / divisor)));
      }),
    );
  });

  test('a copy of the tensor has its numbers, and no rows', () => {
    for (const copyOf of [(x: HostTensor) => ({ ...x }), (x: HostTensor) => structuredClone(x)]) {
      const tensor = rowsWhenRead(table, [2, 3]);
      const copied = copyOf(tensor);
      expect({ data: copied.data, shape: copied.shape }).toEqual(gatherRows(table, [2, 3]));
      expect(tableRows(copied)).toBeUndefined();
      // Its numbers may be the other one's.
      expect(tableRows(tensor)?.wasRead).toBe(true);
    }
  });

  test('gathers narrow rows at once, bytes with other factors, and memory that threads share', () => {
    const narrow = storeArray('Input `x`', { data: new Int32Array(6), shape: [3, 2] });
    const bytes = storeArray('Input `x`', { data: new Uint8Array(60), shape: [3, 20] }, 0.3);
    const memory = new Float32Array(new SharedArrayBuffer(4 * 60));
    const shared = storeArray('Input `x`', { data: memory, shape: [3, 20] });
    for (const array of [narrow, bytes, shared]) {
      expect(rowsWhenRead(array, [2, 0])).toEqual(gatherRows(array, [2, 0]));
      expect(tableRows(rowsWhenRead(array, [2, 0]))).toBeUndefined();
    }
  });
});

import { describe, expect, test } from 'vitest';
import { createFlatMemory, type FlatMemory } from '../../../src/run/tail/flat-memory.js';

describe('memory for vectors of one size', () => {
  test('gives every vector to one owner, until none is left', () => {
    const memory = createFlatMemory(5001) as FlatMemory;
    const vectors: Float32Array[] = [];
    for (let next = memory.allocate(); next !== undefined; next = memory.allocate())
      vectors.push(next.fill(vectors.length));
    expect(vectors.length).toBeGreaterThan(8);
    vectors.forEach((vector, i) => {
      expect(vector.length).toBe(5001);
      expect(vector.every((one) => one === i)).toBe(true);
      expect(memory.placeOf(vector)).toBe(vector.byteOffset);
      // A group of four numbers may be read and written at the end.
      expect(vector.byteOffset % 16).toBe(0);
    });
    memory.scratch(0).fill(-1);
    memory.release(new Float32Array(5001));
    expect(memory.allocate()).toBeUndefined();
    memory.release(vectors[3] as Float32Array);
    expect(memory.allocate()?.byteOffset).toBe(vectors[3]?.byteOffset);
    expect(vectors.every((vector, i) => vector.every((one) => one === i))).toBe(true);
    expect(memory.placeOf(new Float32Array(5001))).toBeUndefined();
  });

  test('is none for short vectors, and for very long ones', () => {
    expect(createFlatMemory(1000)).toBeUndefined();
    expect(createFlatMemory(2 ** 26)).toBeUndefined();
  });

  test('lets one run at a time use what is there for a moment, after a failure too', async () => {
    const memory = createFlatMemory(5000) as FlatMemory;
    const order: string[] = [];
    const run = (name: string, fails = false) =>
      memory.alone(async () => {
        order.push(`${name} starts`);
        await Promise.resolve();
        await Promise.resolve();
        order.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const found = await Promise.allSettled([run('a', true), run('b'), run('c')]);
    expect(found.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(order).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} starts`, `${name} ends`]));
  });
});

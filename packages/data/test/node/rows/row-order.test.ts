import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orderInWindow, rowsIn, windowsOf } from '../../../src/node/rows/row-order.js';

/** All rows in the order that windows and the orders within them give. */
function allRows(rows: number, perBlock: number, perWindow: number, seed: string | undefined, epoch: number): number[] {
  const blocks = { rows, perBlock, perWindow };
  return windowsOf(blocks, seed, epoch).flatMap((window, index) => {
    const inWindow = window.blocks.flatMap((block) =>
      Array.from({ length: rowsIn(blocks, block) }, (_, row) => block * perBlock + row),
    );
    expect(inWindow).toHaveLength(window.size);
    return [...orderInWindow(window.size, seed, epoch, index)].map((row) => inWindow[row] as number);
  });
}

it('visits every row once, in an order that seed and epoch name', () => {
  const sizes = fc.record({
    rows: fc.integer({ min: 1, max: 200 }),
    perBlock: fc.integer({ min: 1, max: 20 }),
    perWindow: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(sizes, fc.nat(5), ({ rows, perBlock, perWindow }, epoch) => {
      const order = allRows(rows, perBlock, perWindow, 'seed', epoch);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
      expect(allRows(rows, perBlock, perWindow, 'seed', epoch)).toEqual(order);
      expect(allRows(rows, perBlock, perWindow, undefined, epoch)).toEqual([...order].sort((a, b) => a - b));
    }),
  );
  expect(allRows(100, 10, 3, 'seed', 0)).not.toEqual(allRows(100, 10, 3, 'seed', 1));
  expect(allRows(100, 10, 3, 'seed', 0)).not.toEqual(allRows(100, 10, 3, 'other', 0));
});

it('makes all orders equally likely where everything fits into one window', () => {
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < 6000; epoch++) {
    const order = allRows(3, 2, 4, 'uniform', epoch).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  // 1000 expected each; 5 standard deviations are 144.
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(144);
});

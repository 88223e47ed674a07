import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowOrder } from '../../src/data/row-order.js';
import { permutation, uniformStream } from '../../src/random/uniform-stream.js';

test('without a seed, rows keep their order', () => {
  expect([...rowOrder(4, undefined, 3)]).toEqual([0, 1, 2, 3]);
});

test('with a seed, it is the permutation of the stream (seed, shuffle, key)', () => {
  expect(rowOrder(50, 's', 3)).toEqual(permutation(50, uniformStream('s', 'shuffle', 3)));
});

test('every row is there once', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.string(), fc.nat(), (n, seed, epoch) => {
      expect([...rowOrder(n, seed, epoch)].sort((a, b) => a - b)).toEqual([...rowOrder(n, undefined)]);
    }),
  );
});

test('epochs differ', () => {
  expect(rowOrder(50, 's', 0)).not.toEqual(rowOrder(50, 's', 1));
});

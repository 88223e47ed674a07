import { subset, tableDataset } from '@polytask/core';
import { expect, it } from 'vitest';
import { fingerprintOf } from '../../src/run/data-fingerprint.js';

const table = (x: number[], y: number[]) =>
  tableDataset({ inputs: { x: { data: x, shape: [x.length, 1] } }, columns: { y } });

it('is that of the contents', async () => {
  const rows = table([1, 2, 3], [1, 2, 3]);
  const found = await fingerprintOf(rows);
  expect(found).toMatch(/^sha256:[\da-f]{64}$/);
  expect(await fingerprintOf(table([1, 2, 3], [1, 2, 3]))).toBe(found);
  const others = [
    table([1, 2, 4], [1, 2, 3]),
    table([1, 2, 3], [1, 2, 4]),
    subset(rows, [0, 1]),
    subset(rows, [1, 0, 2]),
  ];
  const all = await Promise.all(others.map(fingerprintOf));
  expect(new Set([found, ...all]).size).toBe(5);
});

it('is what the data set says of itself, where it does', async () => {
  expect(await fingerprintOf({ ...table([1], [1]), fingerprint: 'file:abc' })).toBe('file:abc');
});

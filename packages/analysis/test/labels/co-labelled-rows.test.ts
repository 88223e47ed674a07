import { expect, test } from 'vitest';
import { coLabelledRows } from '../../src/labels/co-labelled-rows.js';

test('counts rows that have both labels, and those that have one', () => {
  const columns = [
    { kind: 'classes', values: Int32Array.of(0, 3, -1, -1) },
    { kind: 'numbers', values: [1, NaN, 2, NaN] },
    { kind: 'numbers', values: [NaN, NaN, NaN, -4] },
  ] as const;
  expect(coLabelledRows(columns)).toEqual([
    [2, 1, 0],
    [1, 2, 0],
    [0, 0, 1],
  ]);
});

import { uniformFloats } from '@polytask/core';
import { expect, test } from 'vitest';
import { conditionalInformation } from '../../src/joint/conditional-information.js';

const rows = 400;
const classes = (of: (row: number) => number) =>
  ({ kind: 'classes', values: Array.from({ length: rows }, (_, row) => of(row)) }) as const;
const draw = (name: string) => uniformFloats(rows, name);
const [first, second, third] = [draw('first'), draw('second'), draw('third')];
const bit = (values: Float32Array, row: number) => ((values[row] as number) < 0.5 ? 0 : 1);

test('a label that two predictions give together: all of the other one counts', () => {
  const label = classes((row) => bit(first, row) ^ bit(second, row));
  const found = conditionalInformation(
    label,
    classes((row) => bit(first, row)),
    classes((row) => bit(second, row)),
  );
  expect(found.information).toBeCloseTo(Math.log(2), 1);
  expect(found.pValue).toBe(1 / 201);
});

test('nothing where the own prediction says it already, or the other knows nothing', () => {
  const own = classes((row) => bit(first, row));
  const repeated = conditionalInformation(own, own, own);
  expect(repeated).toMatchObject({ information: 0, pValue: 1 });
  const ignorant = conditionalInformation(
    own,
    classes((row) => bit(second, row)),
    { kind: 'numbers', values: third },
  );
  expect(Math.abs(ignorant.excess)).toBeLessThan(0.01);
  expect(ignorant.pValue).toBeGreaterThan(0.05);
});

test('numbers by their ranks; rows that lack one are left out', () => {
  const label = { kind: 'numbers', values: Float32Array.from(first, (u, row) => (row < 100 ? NaN : u)) } as const;
  const own = { kind: 'numbers', values: second } as const;
  const found = conditionalInformation(label, own, { kind: 'numbers', values: first.map((u) => Math.exp(u)) });
  expect(found).toMatchObject({ rows: 300, pValue: 1 / 201 });
  expect(found.excess).toBeGreaterThan(1);
  expect(
    conditionalInformation(label, own, { kind: 'numbers', values: new Float32Array(rows).fill(NaN) }),
  ).toMatchObject({
    rows: 0,
    information: NaN,
  });
});

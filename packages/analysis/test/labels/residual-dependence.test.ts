import { uniformFloats } from '@polytask/core';
import { expect, test } from 'vitest';
import { residualDependence } from '../../src/labels/residual-dependence.js';

const rows = 150;
const noise = (name: string) => Array.from(uniformFloats(rows, name), (u) => 2 * u - 1);
const [x, common, own, other] = ['x', 'common', 'own', 'other'].map(noise) as [number[], number[], number[], number[]];
const sum = (...lists: number[][]) => x.map((_, n) => lists.reduce((total, list) => total + (list[n] as number), 0));

test('what the inputs explain is taken out; what both share besides is found', () => {
  const a = { kind: 'numbers', values: sum(x, common, own), predictions: x } as const;
  const b = { kind: 'numbers', values: sum(x, common, other), predictions: x } as const;
  const found = residualDependence(a, b);
  expect(found.correlation).toBeCloseTo(0.5, 0);
  expect(found.pValue).toBe(1 / 201);
  // Both depend on x, and on nothing else together.
  const alone = residualDependence(
    { kind: 'numbers', values: sum(x, own), predictions: x },
    { kind: 'numbers', values: sum(x, other), predictions: x },
  );
  expect(alone.value).toBeLessThan(0.2);
  expect(alone.pValue).toBeGreaterThan(0.02);
});

test('classes by what their probabilities leave, rows without a label left out', () => {
  const even = common.map(() => [0.5, 0.5]);
  const sides = Int32Array.from(common, (value, n) => (n < 10 ? -1 : value > 0 ? 1 : 0));
  const a = { kind: 'classes', values: sides, predictions: even } as const;
  const b = { kind: 'numbers', values: sum(x, common), predictions: x } as const;
  const found = residualDependence(a, b, { permutations: 20 });
  expect(found).toMatchObject({ rows: rows - 10, pValue: 1 / 21 });
  expect(found.value).toBeGreaterThan(0.8);
  expect(found.correlation).toBeUndefined();
});

test('nothing left, or too few rows, gives NaN', () => {
  const perfect = { kind: 'numbers', values: x, predictions: x } as const;
  expect(residualDependence(perfect, perfect).value).toBeNaN();
  const one = { kind: 'numbers', values: [1, NaN], predictions: [0, 0] } as const;
  expect(residualDependence(one, one)).toMatchObject({ value: Number.NaN, rows: 1 });
});

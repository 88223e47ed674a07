import fc from 'fast-check';
import { expect, it } from 'vitest';
import { standardization } from '../../src/tasks/standardization.js';
import { distance, sum } from './check-loss.js';

it('agrees with two passes over the weighted data', () => {
  const number = fc.float({ min: -1000, max: 1000, noNaN: true });
  const row = fc.record({ value: number, weight: fc.float({ min: Math.fround(0.1), max: 5, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 30 }), fc.integer({ min: -10, max: 10 }), (rows, offset) => {
      const values = rows.map((r) => Math.fround(r.value + offset * 1000));
      const weights = rows.map((r) => r.weight);
      const total = sum(weights);
      const mean = sum(values.map((v, i) => v * (weights[i] as number))) / total;
      const deviation = Math.sqrt(sum(values.map((v, i) => (v - mean) ** 2 * (weights[i] as number))) / total);
      fc.pre(deviation > 1e-3);
      const targets = { data: Float32Array.from(values), shape: [values.length] };
      const found = standardization('t', 1, { targets, weights: Float32Array.from(weights) }, true);
      expect(distance([found.mean as number, found.standardDeviation as number], [mean, deviation])).toBeLessThan(1e-9);
    }),
  );
});

it('takes rounding to float32 for a constant', () => {
  const targets = { data: Float32Array.of(1e6, 1e6 + 0.0625), shape: [2] };
  const labels = { targets, weights: Float32Array.of(1, 1) };
  expect(() => standardization('t', 1, labels, true)).toThrow(/nothing to learn/);
  expect(() => standardization('t', 1, labels, false)).not.toThrow();
});

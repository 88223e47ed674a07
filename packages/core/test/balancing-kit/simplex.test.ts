import fc from 'fast-check';
import { expect, it } from 'vitest';
import { projectOnSimplex, softmax } from '../../src/balancing-kit/simplex.js';

const points = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 40 });
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

it('softmax is positive, sums to 1, and has the ratios of exponentials', () => {
  fc.assert(
    fc.property(points, fc.double({ min: 0.5, max: 10, noNaN: true }), (logits, temperature) => {
      const found = softmax(logits, temperature);
      expect(sum(found)).toBeCloseTo(1, 12);
      logits.forEach((logit, i) => {
        const difference = (logit - (logits[0] as number)) / temperature;
        if (Math.abs(difference) > 300) return;
        expect((found[i] as number) / (found[0] as number) / Math.exp(difference)).toBeCloseTo(1, 9);
      });
    }),
  );
});

it('softmax bears logits of any size', () => {
  expect(softmax([1e308, 0, -1e308])).toEqual(Float64Array.of(1, 0, 0));
  expect(softmax([-1e6, -1e6])).toEqual(Float64Array.of(0.5, 0.5));
});

it('the projection is the nearest point: the conditions of Karush, Kuhn and Tucker hold', () => {
  fc.assert(
    fc.property(points, (point) => {
      const found = projectOnSimplex(point);
      expect(sum(found)).toBeCloseTo(1, 9);
      // x_k − w_k is one number t where w_k > 0, and at most t elsewhere.
      const shifts = point.map((value, k) => value - (found[k] as number));
      const threshold = Math.max(...shifts);
      found.forEach((value, k) => {
        expect(value).toBeGreaterThanOrEqual(0);
        if (value > 0) expect(shifts[k]).toBeCloseTo(threshold, 9);
      });
    }),
  );
});

it('the projection leaves alone what lies on the simplex, and keeps ties', () => {
  expect(projectOnSimplex([0.25, 0.75])).toEqual(Float64Array.of(0.25, 0.75));
  expect(projectOnSimplex([5, 5, -5])).toEqual(Float64Array.of(0.5, 0.5, 0));
  expect(projectOnSimplex([-7])).toEqual(Float64Array.of(1));
});

import { describe, expect, it } from 'vitest';
import { studentCdf, studentQuantile } from '../src/student-t.js';

// Printed in every table of the distribution; by degrees of freedom.
const table = {
  0.8: { 1: 1.376, 2: 1.061, 4: 0.941, 9: 0.883, 30: 0.854 },
  0.975: { 1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 9: 2.262, 30: 2.042, 100: 1.984 },
  0.995: { 1: 63.657, 2: 9.925, 5: 4.032, 10: 3.169, 60: 2.66 },
};

describe('studentQuantile', () => {
  it.each(Object.entries(table))('has the printed values at %s', (share, byDegrees) => {
    for (const [degrees, value] of Object.entries(byDegrees)) {
      expect(studentQuantile(Number(share), Number(degrees))).toBeCloseTo(value, 3);
      expect(studentQuantile(1 - Number(share), Number(degrees))).toBeCloseTo(-value, 3);
    }
  });

  it('is where the distribution function reaches its share', () => {
    for (const degrees of [1, 2, 3, 8, 99, 999]) {
      for (const share of [0.5, 0.6, 0.9, 0.999]) {
        expect(studentCdf(studentQuantile(share, degrees), degrees)).toBeCloseTo(share, 9);
      }
    }
  });
});

describe('studentCdf', () => {
  it('is the integral of the density', () => {
    for (const degrees of [1, 2, 5, 12]) {
      // Densities up to a constant that cancels: midpoints over what the tangent maps to (−∞, ∞).
      const area = (to: number) => {
        const [steps, from] = [20_000, -Math.PI / 2];
        const width = (Math.atan(to) - from) / steps;
        let sum = 0;
        for (let i = 0; i < steps; i++) {
          const t = Math.tan(from + (i + 0.5) * width);
          sum += (1 + (t * t) / degrees) ** (-(degrees + 1) / 2) * (1 + t * t) * width;
        }
        return sum;
      };
      const all = area(Number.POSITIVE_INFINITY);
      for (const t of [-2, 0, 0.5, 3]) expect(studentCdf(t, degrees)).toBeCloseTo(area(t) / all, 5);
    }
  });
});

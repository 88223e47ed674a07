import { firstStep, uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { uniformMixing } from '../../src/index.js';

it('gives every task as many rows, to within one, whatever their sizes', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 64 }), fc.nat(99), (n, batchSize, step) => {
      const bound = uniformMixing().bind({
        tasks: n.map(String),
        sizes: n,
        batchSize,
        definitions: [],
        primary: undefined,
        groups: {},
        uniform: (at) => uniformStream(1, at),
      });
      const rows = bound.rows({ ...firstStep, step });
      expect(rows.reduce((sum, count) => sum + count, 0)).toBe(batchSize);
      for (const count of rows) expect(Math.abs(count - batchSize / n.length)).toBeLessThan(1 + 1e-6);
    }),
  );
});

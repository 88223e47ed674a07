import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tchebycheff } from '../../src/loss-weighting/tchebycheff.js';
import { scalarOf } from '../scalar.js';
import { expectClose, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', tchebycheff, { claims })) test(name, run);

const preference = { task0: 3, task1: 1, task2: 1 };
const ideal = { task1: 1 };

test('is the largest difference, in all four forms', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 }),
      fc.constantFrom('plain', 'modified'),
      fc.constantFrom(0, 0.25),
      (losses, form, augmentation) => {
        const r = [0.6, 0.2, 0.2];
        const measured = losses.map((loss, k) => {
          const difference = loss - (k === 1 ? 1 : 0);
          return form === 'plain' ? difference * (r[k] as number) : difference / (r[k] as number);
        });
        const sum = measured.reduce((total, one) => total + one, 0);
        const part = tchebycheff({ preference, ideal, form, augmentation } as const);
        expectClose([scalarOf(part, losses)], [Math.max(...measured) + augmentation * sum], 1e-5);
      },
    ),
    { numRuns: 30 },
  );
});

test('gives all weight to the worst task, and equal parts where several are', () => {
  const paper = { preference, scale: 'paper' } as const;
  expectClose(weighted(tchebycheff(paper), [1, 2, 1]).weights, [0.6, 0, 0]);
  expectClose(weighted(tchebycheff({ ...paper, augmentation: 0.5 }), [1, 6, 1]).weights, [0.3, 0.3, 0.1]);
  expectClose(weighted(tchebycheff({ scale: 'paper' }), [2, 2]).weights, [0.25, 0.25]);
  expectClose(weighted(tchebycheff(paper), [Number.NaN, -2, -3]).weights, [0, 0.2, 0]);
});

test('refuses preferences that it cannot use', () => {
  const zeros = { task0: 0, task1: 0 };
  expect(() => weighted(tchebycheff({ preference: zeros }), [1, 1])).toThrow('above 0 for at least one task');
  const modified = tchebycheff({ preference: { task0: 0 }, form: 'modified' });
  expect(() => weighted(modified, [1, 1])).toThrow('above 0 for every task');
});

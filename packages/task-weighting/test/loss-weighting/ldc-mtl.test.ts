import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { ldcMtl } from '../../src/loss-weighting/ldc-mtl.js';
import { scalarOf } from '../scalar.js';
import { expectClose, openLosses, weighted } from '../support.js';

const skip = {
  'has weights that are derivatives of its loss': 'the first step divides by its own losses, held constant',
};
const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', ldcMtl, { claims, skip })) test(name, run);

const raw = { normalize: false, scale: 'paper' } as const;

test('golden values', () => {
  // The published value has Σ w l / Σ w = 2.5 and w = ½, ½; here the softmax sums to 1.
  const part = ldcMtl({ ...raw, lambda: 0.1 });
  expectClose([scalarOf(part, [2, 3])], [2.55]);
  expectClose(weighted(part, [2, 3]).weights, [0.45, 0.55]);
});

test('measures losses by those at first, relative to the smallest', () => {
  const opened = openLosses(ldcMtl({ lambda: 0, scale: 'paper' }), 3);
  // At first all measured losses are the smallest one.
  expectClose([opened.step([2, 4, Number.NaN]).value], [2]);
  // τ = (1, 2, ·); the third is new: 1 is the smallest now, so that τ = (2, 4, 1).
  expectClose(opened.step([4, 4, 1]).weights, [1 / 6, 1 / 12, 1 / 3]);
  opened.dispose();
});

test('has the gradient of p that finite differences have', () => {
  const part = ldcMtl({ ...raw, lambda: 0.3 });
  const opened = openLosses(part, 3);
  const { gradients } = opened.step([2, 3, 0.5]);
  opened.dispose();
  const value = (p: readonly number[]) => {
    const total = p.reduce((sum, one) => sum + Math.exp(one), 0);
    const [a = 0, b = 0, c = 0] = p.map((one, k) => (Math.exp(one) / total) * ([2, 3, 0.5][k] as number));
    return a + b + c + 0.3 * (Math.abs(a - b) + Math.abs(b - c));
  };
  const h = 1e-5;
  const slopes = [0, 1, 2].map((k) => {
    const at = (by: number) => value([0, 1, 2].map((j) => (j === k ? by : 0)));
    return (at(h) - at(-h)) / (2 * h);
  });
  expectClose(gradients.flat(), slopes, 1e-5);
});

test('compared with the mean, the order of tasks does not matter', () => {
  const part = ldcMtl({ ...raw, lambda: 0.3, compare: 'mean' });
  const [here, there] = [weighted(part, [2, 3, 0.5]).weights, weighted(part, [0.5, 2, 3]).weights];
  expectClose([there[1] as number, there[2] as number, there[0] as number], here);
  const neighbours = ldcMtl({ ...raw, lambda: 0.3 });
  expect(scalarOf(neighbours, [2, 3, 0.5])).not.toBeCloseTo(scalarOf(neighbours, [0.5, 2, 3]), 3);
});

test('leaves out pairs of which a task is absent', () => {
  expectClose(weighted(ldcMtl({ ...raw, lambda: 10 }), [2, Number.NaN, 3]).weights, [0.5, 0, 0.5]);
});

test('weighted losses that are alike pull neither way', () => {
  for (const compare of ['neighbours', 'mean'] as const) {
    const opened = openLosses(ldcMtl({ compare, scale: 'paper' }), 3);
    // At first all measured losses are the smallest one, but for rounding.
    const { weights, gradients } = opened.step([0.3, 0.7, 1.1]);
    expectClose(weights, [1 / 3, 1 / 7, 1 / 11]);
    expectClose(gradients.flat(), [0, 0, 0]);
    opened.dispose();
  }
});

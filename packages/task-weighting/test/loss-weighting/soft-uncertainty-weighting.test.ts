import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scaleInvariant } from '../../src/loss-weighting/scale-invariant.js';
import { softUncertaintyWeighting } from '../../src/loss-weighting/soft-uncertainty-weighting.js';
import { expectClose, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
const skip = { 'has weights that are derivatives of its loss': 'weights are constants for the gradient, as published' };
for (const { name, run } of conformance('loss-weighting', softUncertaintyWeighting, { claims, skip })) test(name, run);

test('golden values', () => {
  const at = (temperature: number) =>
    weighted(softUncertaintyWeighting({ temperature, scale: 'paper' }), [2, 3]).weights;
  expectClose(at(1), [0.54157, 0.45843]);
  expectClose(at(0.1), [0.841131, 0.158869]);
});

test('without the softmax it has the gradient of the scale-invariant loss', () => {
  const [optimal, invariant] = [
    softUncertaintyWeighting({ form: 'optimal', scale: 'paper' }),
    scaleInvariant({ scale: 'paper' }),
  ];
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 5 }), (losses) => {
      const found = weighted(optimal, losses);
      expectClose(found.weights, weighted(invariant, losses).weights, 1e-5);
      expectClose([found.value], [losses.length], 1e-5);
    }),
    { numRuns: 20 },
  );
  expect(weighted(optimal, [0, 4, Number.NaN]).weights).toEqual([0, 0.25, 0]);
});

test('absent tasks take no part', () => {
  expectClose(weighted(softUncertaintyWeighting(), [2, 3, Number.NaN]).weights, [2 * 0.54157, 2 * 0.45843, 0]);
});

import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { cosmos } from '../../src/loss-weighting/cosmos.js';
import { scalarOf } from '../scalar.js';
import { expectClose, weighted } from '../support.js';

const claims = ['order-of-tasks'] as const;
for (const { name, run } of conformance('loss-weighting', cosmos, { claims })) test(name, run);

test('worked out by hand', () => {
  const part = cosmos({ lambda: 5, scale: 'paper' });
  // cos = 7 / (5 √2); ∂cos/∂l = r̂ / ‖l‖ − cos · l / ‖l‖².
  expectClose([scalarOf(part, [3, 4])], [3.5 - (5 * 7) / (5 * Math.SQRT2)]);
  expectClose(weighted(part, [3, 4]).weights, [0.386863, 0.584853]);
});

test('on the ray of the preference only the sum pulls', () => {
  const part = cosmos({ preference: { task0: 1, task1: 3 }, scale: 'paper' });
  expectClose(weighted(part, [2, 6]).weights, [0.25, 0.75]);
  expectClose([scalarOf(part, [2, 6])], [0.5 + 4.5 - 2]);
});

test('losses of 0 have no angle, so that only the sum pulls', () => {
  expectClose(weighted(cosmos({ scale: 'paper' }), [0, 0]).weights, [0.5, 0.5]);
  expectClose([scalarOf(cosmos({ scale: 'paper' }), [0, 0])], [0]);
});

test('measures from the ideal, and of the tasks present alone', () => {
  const part = cosmos({ ideal: { task1: 1 }, lambda: 5, scale: 'paper' });
  expectClose([scalarOf(part, [3, 5])], [3.5 - (5 * 7) / (5 * Math.SQRT2)]);
  // A single task lies on its ray.
  expectClose(weighted(part, [3, Number.NaN]).weights, [0.5, 0]);
});

test.each([1e-25, 1e-15, 1e15, 1e37])('has the angle of losses of %d', (size) => {
  const part = cosmos({ lambda: 5 * size, scale: 'paper' });
  // λ grows with the losses, so that sum and angle keep their proportion.
  expectClose(weighted(part, [3 * size, 4 * size]).weights, [0.386863, 0.584853]);
  expectClose([scalarOf(part, [3 * size, 4 * size]) / size], [3.5 - (5 * 7) / (5 * Math.SQRT2)]);
});

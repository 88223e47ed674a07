import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { cagrad } from '../../src/gradient-balancing/cagrad.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', cagrad, { claims })) test(name, run);

test('golden values', async () => {
  const values = [
    [{ c: 0.5 }, [0.183503, 1.204124, 1.204124]],
    [{ c: 0.5, rescale: '1+c^2' }, [0.146803, 0.963299, 0.963299]],
    [{ c: 0.5, rescale: '1+c' }, [0.122336, 0.802749, 0.802749]],
    [{ c: 0.4 }, [0.346803, 1.163299, 1.163299]],
    [{ c: 0 }, [1, 1, 1]],
  ] as const;
  for (const [options, expected] of values) {
    expectClose((await balanced(cagrad({ ...options, scale: 'paper' }), goldenJacobian)).direction, expected);
  }
});

test('golden values of the weights', async () => {
  // w = ones / K + what the simplex point adds, here all of it to the first task.
  for (const [c, expected] of [
    [0.5, [0.704124, 0.5]],
    [0.4, [0.663299, 0.5]],
  ] as const) {
    expectClose((await balanced(cagrad({ c, scale: 'paper' }), goldenJacobian)).weights, expected);
  }
});

test('goes near the direction of MGDA for a large radius', async () => {
  const { direction } = await balanced(cagrad({ c: 1e4, scale: 'paper' }), goldenJacobian);
  const length = Math.hypot(...direction);
  expectClose(
    direction.map((value) => value / length),
    [0, Math.SQRT1_2, Math.SQRT1_2],
    1e-3,
  );
});

import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { moCo } from '../../src/gradient-balancing/mo-co.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', moCo, { claims })) test(name, run);

test.each([
  { losses: [2, 3] },
  // Beyond what float32 has products of.
  { losses: [1e30, 2] },
  { losses: [2e30, 3e30] },
  { losses: [1e-30, 3e-30] },
])('follows the equations of the paper, step by step, at losses of $losses', async ({ losses }) => {
  const options = { beta: 0.5, sigma: 0.5, gamma: 0.1, gammaSigma: 0.5, rho: 0.2 };
  const opened = openGradients(moCo({ ...options, scale: 'paper' }), 2);
  let tracked = goldenJacobian.map((row) => row.map(() => 0));
  let lambda = [0.5, 0.5];
  for (let n = 1; n <= 3; n++) {
    const { weights, direction } = await opened.step(goldenJacobian, losses);
    tracked = tracked.map((row, k) =>
      row.map((value, p) => {
        const gradient = goldenJacobian[k] as number[];
        const wanted = ((losses[k] as number) * (gradient[p] as number)) / Math.hypot(...gradient);
        return value - (0.5 / Math.sqrt(n)) * (value - wanted);
      }),
    );
    const combine = () =>
      (tracked[0] as number[]).map((_, p) =>
        tracked.reduce((sum, row, k) => sum + (lambda[k] as number) * (row[p] as number), 0),
      );
    const combined = combine();
    const wanted = tracked.map((row, k) => {
      const gain = row.reduce((sum, value, p) => sum + value * (combined[p] as number), 0);
      return (lambda[k] as number) - (0.1 / Math.sqrt(n)) * (gain + 0.2 * (lambda[k] as number));
    });
    // The nearest point of a simplex of two: half of what is missing for each, within [0, 1].
    const first = Math.min(1, Math.max(0, (1 + (wanted[0] as number) - (wanted[1] as number)) / 2));
    lambda = [first, 1 - first];
    expectClose(weights, lambda);
    const size = Math.max(...losses);
    const inUnits = (values: readonly number[]) => values.map((value) => value / size);
    expectClose(inUnits(direction), inUnits(combine()));
  }
  opened.dispose();
});

test('leaves the mean and the weight of an absent task as they are', async () => {
  const opened = openGradients(moCo({ beta: 1, gamma: 0.3, normalize: 'none', scale: 'paper' }), 2);
  const { weights: before } = await opened.step(
    [
      [1, 0],
      [0, 2],
    ],
    [1, 1],
  );
  const { weights } = await opened.step(
    [
      [9, 9],
      [0, 2],
    ],
    [Number.NaN, 1],
  );
  expect(weights?.[0]).toBe(0);
  expectClose([weights?.[1] as number], [before?.[1] as number]);
  opened.dispose();
});

test('does not depend on the order of tasks', async () => {
  const [one, other] = [goldenJacobian, [...goldenJacobian].reverse()];
  expectClose((await balanced(moCo(), other, [3, 2])).direction, (await balanced(moCo(), one, [2, 3])).direction);
});

import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { alignedMtl } from '../../src/gradient-balancing/aligned-mtl.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks'] as const;
for (const { name, run } of conformance('gradient-balancing', alignedMtl, { claims })) test(name, run);

test('golden values', async () => {
  const min = await balanced(alignedMtl({ scale: 'paper' }), goldenJacobian);
  expectClose(min.weights, [0.559072, 0.408261]);
  expectClose(min.direction, [0.213279, 0.967333, 0.967333]);
  const rmse = await balanced(alignedMtl({ scaleMode: 'rmse', scale: 'paper' }), goldenJacobian);
  expectClose(rmse.direction, [0.576376, 2.614172, 2.614172]);
});

test('aligned gradients are orthogonal and as long as the smallest, median or mean eigenvalue says', async () => {
  const rows = [
    [1, 2, 0],
    [0, 1, -1],
    [2, 0, 0.5],
  ];
  // Preferences of one task give the aligned gradients one by one, times their share.
  const lengths: Record<string, number> = {};
  for (const scaleMode of ['min', 'median', 'rmse'] as const) {
    const aligned = await Promise.all(
      rows.map(async (_, k) => {
        const preference = { [`task${k}`]: 1e9 };
        return (await balanced(alignedMtl({ scaleMode, preference, scale: 'paper' }), rows)).direction;
      }),
    );
    const dot = (a: number, b: number) =>
      (aligned[a] as number[]).reduce((sum, value, i) => sum + value * (aligned[b]?.[i] as number), 0);
    lengths[scaleMode] = dot(0, 0);
    expectClose([dot(0, 1), dot(0, 2), dot(1, 2)], [0, 0, 0], 1e-5);
    expectClose([dot(1, 1), dot(2, 2)], [dot(0, 0), dot(0, 0)], 1e-5);
  }
  // G = [[5, 2, 2], [2, 2, −0.5], [2, −0.5, 4.25]]: the trace is 11.25, the determinant that of J squared, 3.25² = (1·0.5 + 2·… )².
  expect(lengths.rmse).toBeCloseTo(11.25 / 3, 4);
  const [min = 0, median = 0] = [lengths.min, lengths.median];
  const largest = 11.25 - min - median;
  expect(min * median + min * largest + median * largest).toBeCloseTo(5 * 2 - 4 + 5 * 4.25 - 4 + 2 * 4.25 - 0.25, 3);
});

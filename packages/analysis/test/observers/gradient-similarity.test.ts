import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { gradientSimilarity } from '../../src/observers/gradient-similarity.js';
import { golden, linearLosses, observe } from '../loss-problem.js';

type Seen = { looks: number; blocks: Record<string, Record<string, number[][]>> };

beforeAll(() => tf.setBackend('cpu'));

// G = [[18, −22], [−22, 38]].
test('cosine, conflict and magnitude of the golden Jacobian', async () => {
  const { blocks } = await observe<Seen>(golden, gradientSimilarity());
  const { shared } = blocks;
  expect(shared?.cosine?.[0]?.[1]).toBeCloseTo(-22 / Math.sqrt(18 * 38), 5);
  expect(shared?.conflictRate).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(shared?.magnitudeSimilarity?.[1]?.[0]).toBeCloseTo((2 * Math.sqrt(18 * 38)) / (18 + 38), 5);
});

test('`below` decides what is a conflict; absent tasks and zero gradients are not compared', async () => {
  const problem = linearLosses(
    [
      [1, 0],
      [0.1, 1],
      [0, 0],
      [1, 1],
    ],
    [1, 1, 1, 1],
  );
  const { looks, blocks } = await observe<Seen>(problem, gradientSimilarity({ below: 0.5, interval: 1 }), {
    absent: ['d'],
    steps: 3,
  });
  expect(looks).toBe(3);
  expect(blocks.shared?.conflictRate).toEqual([
    [0, 1, NaN, NaN],
    [1, 0, NaN, NaN],
    [NaN, NaN, NaN, NaN],
    [NaN, NaN, NaN, NaN],
  ]);
});

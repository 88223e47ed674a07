// What sharing does with two tasks of known correlation: `npm run bench -- correlation` with few seeds. Only the ends are compared.
import { compiled } from '@polytask/compiler';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { gated, tied } from '../../../../bench/contenders/correlation-runs.js';

beforeAll(() => tf.setBackend('cpu'));

const seeds = [1, 2, 3];
const executor = () => compiled({ threads: 1 });

async function mean(of: (seed: number) => Promise<number>): Promise<number> {
  let sum = 0;
  for (const seed of seeds) sum += await of(seed);
  return sum / seeds.length;
}

it('a strong tie between columns is worth more the more alike the tasks are', async () => {
  const worth = (correlation: number) =>
    mean(async (seed) => {
      const run = { correlation, seed, executor };
      const [weak, strong] = [await tied(run, 0.001), await tied(run, 0.03)];
      return Math.log(weak.validation / strong.validation);
    });
  expect(await worth(0.9)).toBeGreaterThan((await worth(0)) + 0.1);
});

it('gates of a mixture of experts have more in common the more alike the tasks are', async () => {
  const overlap = (correlation: number) => mean(async (seed) => (await gated({ correlation, seed, executor })).overlap);
  expect(await overlap(0.9)).toBeGreaterThan((await overlap(0)) + 0.05);
});

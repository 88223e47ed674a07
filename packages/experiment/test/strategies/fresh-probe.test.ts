// Whether an adversary does what it is for, by classifiers that it has never met: `npm run bench -- adversary` at a small size.
import { taskDiscriminator } from '@polytask/adversarial';
import { compiled } from '@polytask/compiler';
import { mlp } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { networkRate, probed } from '../../../../bench/contenders/fresh-probe.js';

beforeAll(() => tf.setBackend('cpu'));

const sharing = hardSharing({ encoder: mlp([32, 8], { activation: 'tanh' }) });
const executor = () => compiled({ threads: 1 });

it('a new classifier reads tasks off shared features, and falls towards chance with an adversary, at little cost', async () => {
  const without = await probed({ sharing, seed: 1, executor });
  // 0.75 is the best that there is.
  expect(without.mlp).toBeGreaterThan(0.68);
  const auxiliary = [taskDiscriminator({ units: [32], learningRate: 5 * networkRate })];
  const seeds = [1, 2];
  let accuracy = 0;
  for (const seed of seeds) {
    const found = await probed({ sharing, auxiliary, seed, executor });
    accuracy += found.mlp / seeds.length;
    // Of a deviation of 0.82.
    expect(found.rmse).toBeLessThan(0.1);
  }
  expect(accuracy).toBeLessThan(0.65);
});

import { sumOfLosses } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';

it('adds losses up, as they are', async () => {
  await useBackend('cpu');
  const weighting = sumOfLosses();
  expect(weighting).toMatchObject({ kind: 'loss-weighting', name: 'sum-of-losses', scale: 'paper' });
  const { scalarize } = weighting.bind({} as never);
  tf.tidy(() => {
    const sum = scalarize(tf.tensor1d([1, 2.5, -4]), tf.ones([3]), {});
    expect([sum.shape, sum.dataSync()[0]]).toEqual([[], -0.5]);
  });
});

// The planted groups are found by affinity, features and gains. Here for few seeds; `npm run bench -- affinity` has ten.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { gradTae } from '../src/index.js';
import {
  agreement,
  clustersBy,
  groupsBy,
  planted,
  plantedAffinity,
  plantedAlone,
  plantedData,
  plantedGains,
  plantedObserved,
} from './planted-groups.js';

beforeAll(() => tf.setBackend('cpu'));

const training = { epochs: 15 };

test('by lookahead affinity', async () => {
  expect(groupsBy(await plantedAffinity(plantedData(2, 256), training))).toEqual(planted);
});

test('by Grad-TAE, of a quarter of the rows', async () => {
  const observer = gradTae({ rows: 64, interval: 20, steps: 20 });
  const seen = await plantedObserved(plantedData(1, 256), { epochs: 6, validate: true }, [observer]);
  expect(groupsBy((seen['grad-tae'] as { affinity: number[][] }).affinity)).toEqual(planted);
});

test('by CKA of single-task networks, by gains of pairs, and by affinity, which goes with them', async () => {
  const data = plantedData(1, 256);
  const { losses, cka } = await plantedAlone(data, training);
  expect(clustersBy(cka)).toEqual(planted);
  const gains = await plantedGains(data, losses, training);
  expect(groupsBy(gains)).toEqual(planted);
  const affinity = await plantedAffinity(data, training);
  expect(groupsBy(affinity)).toEqual(planted);
  expect(agreement(affinity, gains)).toBeGreaterThan(0.3);
});

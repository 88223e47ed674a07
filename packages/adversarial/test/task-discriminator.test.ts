import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, test } from 'vitest';
import { taskDiscriminator } from '../src/task-discriminator.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => taskDiscriminator({ units: [4] });
for (const { name, run } of conformance('auxiliary', make, { perTaskData: true, claims: ['non-negative'] }))
  test(name, run);

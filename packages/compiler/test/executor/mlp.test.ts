import { adam, classification, createTrainer, eager, mlp, tableDataset } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { compiled } from '../../src/index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
test('x', () => expect(typeof [adam, classification, createTrainer, eager, mlp, tableDataset, hardSharing, compiled]).toBe('object'));

import { compiled } from '@polytask/compiler';
import { eager } from '@polytask/core';
import { chooseBackend } from '@polytask/experiment';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { changed, smallRun } from '../../../../test/support/configs.js';
import { prepared } from '../../../../test/support/prepared.js';
import { useBackend } from '../../src/backend/backends.js';
import { trialStep } from '../../src/backend/trial-step.js';

/** Takes a kernel out of the wasm backend; this one is half of the gradient of relu. */
async function takeOut(name: string): Promise<tf.KernelConfig> {
  await useBackend('wasm');
  const kernel = tf.getKernel(name, 'wasm');
  tf.unregisterKernel(name, 'wasm');
  return kernel;
}

describe('trialStep', () => {
  it.each([eager(), compiled()])('leaves nothing behind under $name', async (executor) => {
    const run = await prepared(smallRun, ['split.validation=0.2']);
    const before = tf.memory().numTensors;
    await trialStep(run, executor);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('finds what the backend lacks, and the place in the file', async () => {
    const kernel = await takeOut('Step');
    try {
      const explicit = chooseBackend(await prepared(`${smallRun}backend: wasm\n`), () => {});
      await expect(explicit).rejects.toThrow(
        /^run\.yaml:11:10: the backend `wasm` has no kernel Step.*take `compiled` or `cpu`/,
      );
    } finally {
      tf.registerKernel(kernel);
    }
  });

  it('finds labels that do not fit', async () => {
    const run = await prepared(
      changed('name: right, type: classification, classes: 10', 'name: right, type: classification, classes: 4'),
    );
    await expect(trialStep(run, eager())).rejects.toMatchObject({ code: 'POLYTASK_LABELS', task: 'right' });
  });
});

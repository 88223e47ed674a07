import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { trialStep } from '../../src/backend/trial-step.js';
import { prepareRun } from '../../src/build/prepare-run.js';
import { loadConfig } from '../../src/config/load-config.js';
import { changed, smallRun } from '../helpers/configs.js';
import { folderWith } from '../helpers/folder.js';

async function prepare(text: string, set: readonly string[] = []) {
  return prepareRun(await loadConfig({ file: 'run.yaml', cwd: folderWith({ 'run.yaml': text }), set }));
}

describe('trialStep', () => {
  it('leaves nothing behind', async () => {
    const run = await prepare(smallRun, ['split.validation=0.2']);
    const before = tf.memory().numTensors;
    await trialStep(run);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('finds labels that do not fit', async () => {
    const run = await prepare(
      changed('name: right, type: classification, classes: 10', 'name: right, type: classification, classes: 4'),
    );
    await expect(trialStep(run)).rejects.toMatchObject({ code: 'POLYTASK_LABELS', task: 'right' });
  });
});

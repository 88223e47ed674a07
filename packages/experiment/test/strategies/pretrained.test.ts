import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { runExperiment } from '../../src/index.js';

/** A folder with `model.json`, as tfjs saves it. */
async function savedModel(): Promise<string> {
  const folder = folderWith();
  const seeded = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [784], units: 6, activation: 'tanh', name: 'first', ...seeded(1) }),
      tf.layers.dense({ units: 5, activation: 'tanh', name: 'features', ...seeded(2) }),
      tf.layers.dense({ units: 2, name: 'classes', ...seeded(3) }),
    ],
  });
  await model.save({
    async save({ modelTopology, weightSpecs: weights, weightData }) {
      writeFileSync(join(folder, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
      writeFileSync(
        join(folder, 'model.json'),
        JSON.stringify({ modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights }] }),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  model.dispose();
  return folder;
}

const runOf = (model: object) => ({
  data: { use: 'multimnist', size: { train: 32, test: 8 } },
  tasks: ['left', 'right'].map((name) => ({ name, type: 'classification', classes: 10 })),
  sharing: { use: 'mtl-lora', rank: 2, model },
  training: { epochs: 1, batchSize: 16 },
  backend: 'cpu',
});

it('adapts a model from a file, which a run file names', async () => {
  const folder = await savedModel();
  const model = { use: 'layers-model', file: 'model.json', output: 'features' };
  const { joint, status } = await runExperiment(runOf(model), { folder, output: 'run' });
  expect(status).toBe('done');
  // Down, turns and mixtures of two tasks, ups of rank 2, three of them, in two layers; a head of 10 classes for each task.
  const added = (inputs: number, outputs: number) => 2 * inputs + 3 * 2 * outputs + 2 * (2 * 2 + 3);
  expect(joint?.parameters).toBe(added(784, 6) + added(6, 5) + 2 * (5 * 10 + 10));
});

it('says where a run file names an encoder that is no such model', async () => {
  const folder = folderWith({ 'run.json': JSON.stringify(runOf({ use: 'mlp', units: [4] })) });
  await expect(runExperiment('run.json', { folder })).rejects.toThrow(
    /^run.json:1:\d+: Option `model` must be .* an encoder of one that exists, but is the encoder `mlp`/,
  );
});

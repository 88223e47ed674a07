import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTrainer, regression, tableDataset } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { layersFile } from '../../src/parts/layers-file.js';

/** Saves a model as tfjs does, its weights in two files. */
async function savedModel(): Promise<string> {
  const folder = folderWith();
  const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: 2, kernelInitializer: 'ones' })] });
  await model.save({
    async save(artifacts) {
      const data = new Uint8Array(artifacts.weightData as ArrayBuffer);
      writeFileSync(join(folder, 'a.bin'), data.subarray(0, 8));
      writeFileSync(join(folder, 'b.bin'), data.subarray(8));
      const weightsManifest = [{ paths: ['a.bin', 'b.bin'], weights: artifacts.weightSpecs }];
      writeFileSync(
        join(folder, 'model.json'),
        JSON.stringify({ modelTopology: artifacts.modelTopology, weightsManifest }),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  return folder;
}

describe('layersFile', () => {
  it('is an encoder with the weights of the file', async () => {
    const encoder = await layersFile({ file: 'model.json' }, { folder: await savedModel() });
    const dataset = tableDataset({ inputs: { x: { data: [1, 2, 3], shape: [1, 3] } }, columns: { y: [1] } });
    const trainer = await createTrainer({
      tasks: [regression('y', { standardize: false })],
      sharing: hardSharing({ encoder }),
    });
    await trainer.fit(dataset, { epochs: 1, signal: AbortSignal.abort() });
    const paths = trainer.parameters?.layout.segments.map(({ path }) => path) ?? [];
    expect(paths.filter((path) => path.startsWith('trunk/'))).toEqual([
      'trunk/model/0-Dense/kernel',
      'trunk/model/0-Dense/bias',
    ]);
    const kernel = await trainer.parameters?.read('trunk/model/0-Dense/kernel');
    for (const value of kernel?.data ?? []) expect(value).toBeCloseTo(1, 2);
    trainer.dispose();
  });

  it('reads weights from the folder of the file only, whatever it says (F6)', async () => {
    const folder = await savedModel();
    const file = join(folder, 'model.json');
    const json = JSON.parse(readFileSync(file, 'utf8'));
    const from = (path: string) => {
      json.weightsManifest[0].paths[1] = path;
      writeFileSync(file, JSON.stringify(json));
      return layersFile({ file: 'model.json' }, { folder });
    };
    symlinkSync('/etc/passwd', join(folder, 'link.bin'));
    symlinkSync('/etc', join(folder, 'etc'));
    mkdirSync(join(folder, 'deep'));
    for (const name of ['..w.bin', 'deep/w.bin']) copyFileSync(join(folder, 'b.bin'), join(folder, name));
    for (const path of [
      '../../../../../../etc/passwd',
      '/etc/passwd',
      '/dev/zero',
      'link.bin',
      'etc/passwd',
      '../b.bin',
    ]) {
      await expect(from(path), path).rejects.toMatchObject({
        code: 'POLYTASK_MODEL_FILE',
        message: expect.stringContaining(`must stay within ${folder}, but ${JSON.stringify(path)} leads out of it`),
      });
    }
    for (const path of ['b.bin', './b.bin', '..w.bin', 'deep/w.bin']) expect((await from(path)).name).toBeDefined();
  });

  it.each(['gone.json', 'text.json', 'empty.json'])('says why %s is none', async (file) => {
    const folder = folderWith({ 'text.json': 'x', 'empty.json': '{}' });
    await expect(layersFile({ file }, { folder })).rejects.toMatchObject({
      code: 'POLYTASK_MODEL_FILE',
      message: expect.stringContaining(`\`${file}\` cannot be read`),
    });
  });
});

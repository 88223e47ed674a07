import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createTrainer, descriptionOf, type Encoder, isPart, regression, tableDataset } from '@polytask/core';
import { layersFile } from '@polytask/core/node';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folderWith(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'layers-file-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const create = (options: object, folder: string) => descriptionOf(layersFile)?.create(options as never, { folder });

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
    const encoder = (await create({ file: 'model.json' }, await savedModel())) as Encoder;
    const dataset = tableDataset({ inputs: { x: { data: [1, 2, 3], shape: [1, 3] } }, columns: { y: [1] } });
    const trainer = await createTrainer({
      tasks: [regression('y', { standardize: false })],
      sharing: tinySharing(encoder),
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

  it('says what it was made of, and reads paths from the current folder in code', async () => {
    const file = join(await savedModel(), 'model.json');
    const encoder = await layersFile({ file });
    expect(isPart(encoder, 'encoder')).toBe(true);
    expect([encoder.name, encoder.options]).toEqual(['layers-model', { file }]);
    expect(() => layersFile({ file: '' })).toThrow(/`file` must be the path of a model.json/);
  });

  it('reads weights from its own folder alone, by whatever name (F6)', async () => {
    const folder = await savedModel();
    const outside = folderWith({ 'secret.txt': 'root:x:0:0:root:/root:/bin/bash' });
    const file = join(folder, 'model.json');
    const model = JSON.parse(readFileSync(file, 'utf8'));
    const [group] = model.weightsManifest;
    // Any bytes are weights from 0 to 255.
    const quantization = { dtype: 'uint8', scale: 1, min: 0 };
    group.weights = group.weights.map((weight: object) => ({ ...weight, quantization }));
    const withPaths = (paths: readonly string[]) =>
      writeFileSync(file, JSON.stringify({ ...model, weightsManifest: [{ ...group, paths }] }));
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'linked.bin'));
    symlinkSync(outside, join(folder, 'linked'));
    const secret = join(outside, 'secret.txt');
    const names = [
      secret,
      relative(folder, secret),
      `x/../${relative(folder, secret)}`,
      'linked.bin',
      'linked/secret.txt',
    ];
    for (const name of [...names, '/dev/zero', '/proc/self/environ']) {
      for (const paths of [[name], ['a.bin', name]]) {
        withPaths(paths);
        await expect(create({ file: 'model.json' }, folder), name).rejects.toMatchObject({
          code: 'POLYTASK_MODEL_FILE',
          message: expect.stringMatching(/must stay within .* leads out of it/),
        });
      }
    }
    withPaths(['a.bin']);
    expect(isPart(await create({ file: 'model.json' }, folder), 'encoder')).toBe(true);
  });

  it.each(['gone.json', 'text.json', 'empty.json'])('says why %s is none', async (file) => {
    const folder = folderWith({ 'text.json': 'x', 'empty.json': '{}' });
    await expect(create({ file }, folder)).rejects.toMatchObject({
      code: 'POLYTASK_MODEL_FILE',
      message: expect.stringContaining(`\`${file}\` cannot be read`),
    });
  });
});

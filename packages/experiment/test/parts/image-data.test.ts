import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { loadConfig } from '../../src/config/load-config.js';
import { prepareRun } from '../../src/parts/prepare-run.js';

const run = `data: { use: images, folder: animals }
split: { test: 0.25, seed: 1 }
tasks: [{ name: animal, column: class, type: classification }]
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
training: { epochs: 1, batchSize: 4 }
`;

function folderOfImages(): string {
  const folder = folderWith({ 'run.yaml': run, 'animals/cat/none.txt': '', 'animals/dog/none.txt': '' });
  // One red pixel, written by hand once: the smallest image that there is.
  const pixel = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
    'base64',
  );
  for (let i = 0; i < 8; i++) writeFileSync(join(folder, 'animals', i % 2 ? 'cat' : 'dog', `${i}.png`), pixel);
  return folder;
}

it('reads images in folders named like classes, and divides them', async () => {
  const folder = folderOfImages();
  const { data, config } = await prepareRun(await loadConfig({ file: 'run.yaml', cwd: folder }));
  expect([data.train.size, data.test.size, data.train.inputs.image?.shape]).toEqual([5, 2, [1, 1, 3]]);
  expect(data.validation?.size).toBe(1);
  expect(config.tasks).toMatchObject([{ classes: ['cat', 'dog'] }]);
  expect(data.facts?.source).toBe('8 images in animals');
});

it('tells where a folder is wrong', async () => {
  const folder = folderOfImages();
  writeFileSync(join(folder, 'run.yaml'), run.replace('folder: animals', 'folder: none'));
  await expect(prepareRun(await loadConfig({ file: 'run.yaml', cwd: folder }))).rejects.toThrow(
    /none must be a folder/,
  );
});

// What a model and `run.json` say is looked at before it is used, though a checksum is right.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { forgeDocument, forgeModel, polytask, trainedOnce } from '../helpers/stranger.js';

let run: Awaited<ReturnType<typeof trainedOnce>>;
beforeAll(async () => {
  run = await trainedOnce();
}, 60_000);
afterAll(() => run.remove());

type Labels = { readonly table: { labels: { column: string; kind: string }[] } };

it.each([
  ['no label', 'no label', (labels: Labels['table']['labels']) => labels.slice(1)],
  [
    'a label of another kind',
    'a label of kind `class`',
    ([label]: Labels['table']['labels']) => [
      { kind: 'class', column: label?.column, rows: 2, classes: ['a', 'b'], counts: [1, 1] },
    ],
  ],
])('%s in a model', async (_, found, change) => {
  const { cwd } = run;
  const model = join(cwd, 'run-1/model.safetensors');
  const before = readFileSync(model);
  try {
    await forgeModel(join(cwd, 'run-1'), (state) => {
      const { table } = state as unknown as Labels;
      table.labels = change(table.labels) as typeof table.labels;
    });
    const { code, stderr } = await polytask(cwd, ['evaluate', 'run-1', '--data', 't.csv', '-q']);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`but has ${found}; the file is damaged`)]);
  } finally {
    writeFileSync(model, before);
  }
});

it('goes on by the configuration that was given, whatever `run.json` says that it became', async () => {
  const cwd = folderWith();
  cpSync(run.cwd, cwd, { recursive: true });
  forgeDocument(join(cwd, 'run-1'), (document) => {
    Object.assign(document, { status: 'running' });
    delete document.joint;
    document.config.repeat = 2 ** 53;
  });
  const { code, stderr } = await polytask(cwd, ['train', '--resume', 'run-1', '-q']);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(readFileSync(join(cwd, 'run-1/run.json'), 'utf8'))).toMatchObject({
    status: 'done',
    config: { repeat: 1 },
  });
});

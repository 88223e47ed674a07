// What a model and `run.json` say is looked at before it is used, though a checksum is right.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { forgeDocument, forgeModel, polytask, trainedOnce } from '../helpers/stranger.js';

let run: Awaited<ReturnType<typeof trainedOnce>>;
beforeAll(async () => {
  run = await trainedOnce();
}, 60_000);
afterAll(() => run.remove());

interface Table {
  readonly features: readonly object[];
  readonly labels: readonly { readonly column: string }[];
}

const category = { type: 'category', column: 'x', missing: 'mean', fill: 'a', encoding: 'one-hot' };
const classes = { kind: 'class', rows: 2, classes: ['a', 'b'], counts: [1, 1] };

it.each<readonly [name: string, says: string, change: (table: Table) => Partial<Table>]>([
  ['no label', 'but has no label; the file is damaged', ({ labels }) => ({ labels: labels.slice(1) })],
  [
    'a label of another kind',
    'but has a label of kind `class`; the file is damaged',
    ({ labels }) => ({ labels: labels.map(({ column }) => ({ ...classes, column })) }),
  ],
  [
    'more shares than values',
    'at most a share per value',
    () => ({ features: [{ ...category, values: ['a'], shares: [0.5, 0.5, 0.5] }] }),
  ],
])('refuses %s in a model', async (_, says, change) => {
  const cwd = folderWith();
  cpSync(run.cwd, cwd, { recursive: true });
  await forgeModel(join(cwd, 'run-1'), ({ table }) => void Object.assign(table as Table, change(table as Table)));
  const { code, stderr } = await polytask(cwd, ['evaluate', 'run-1', '--data', 't.csv', '-q']);
  expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
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

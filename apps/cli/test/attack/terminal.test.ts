// Whatever stands in files, a terminal gets text and our own colours.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { add, forgeDocument, polytask, table, tableRun, trained } from '../helpers/stranger.js';

const evil = 'to\u001b[35m\u001b]0;pwn\u0007\u009b2J\u202ewn';
const shown = 'to\\x1b[35m\\x1b]0;pwn\\x07\\x9b2J\\u202ewn';

/** All but what our own colours and moving lines are made of. */
function expectHarmless(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  const rest = text.replaceAll(/\u001b(?:[78]|\[\d*[GK]|\[(?:1|2|22|31|32|33|39)m)|\r/g, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  expect(rest).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
}

describe('on a terminal', () => {
  it('headers are written out (F25)', async () => {
    const cwd = folderWith({
      'run.yaml': tableRun.replace('name: price', 'name: pryce'),
      't.csv': table.replace('y,', `${evil},`),
    });
    const { code, stderr } = await polytask(cwd, ['check', 'run.yaml'], 100);
    expect(code).toBe(2);
    expectHarmless(stderr);
    expect(stderr).toContain(shown);
  });

  it('class names, names of tasks and columns are, in all that commands print', async () => {
    const rows = table
      .split('\n')
      .map((line, i) => (i === 0 ? `${line},town` : line && `${line},${i % 2 ? evil : 'Bonn'}`))
      .join('\n');
    const text = tableRun.replace('- { name: big, type: binary }', '- { name: town, type: classification }');
    const cwd = await trained(text, { 't.csv': rows });
    for (const args of [
      ['check', 'run.yaml'],
      ['train', 'run.yaml', '--compare'],
      ['evaluate', 'run-1'],
      ['evaluate', 'run-1', '--data', 't.csv'],
      ['export', 'run-1', '-f', 'onnx'],
      ['predict', 'run-1', 't.csv', '-o', 'out.csv', '--keep', evil],
      ['predict', evil],
      ['train', evil],
      [evil],
      ['train', `--${evil}`],
      ['strategies', evil],
    ]) {
      const { stdout, stderr } = await polytask(cwd, args, 100);
      expectHarmless(stdout);
      expectHarmless(stderr);
    }
    const { stdout } = await polytask(cwd, ['evaluate', 'run-1', '--json', '-q'], 100);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'done' });
    const predicted = await polytask(cwd, ['predict', 'run-1', 't.csv', '-q'], 100);
    expect(predicted.stdout).toContain('\u202e');
    expect(predicted.stdout.split('\n').flatMap((line) => (line ? [JSON.parse(line).town] : []))).toContain(evil);
  }, 60_000);

  it('the owner of a lock is', async () => {
    const cwd = await trained();
    forgeDocument(join(cwd, 'run-1'), (document) => {
      document.status = 'running';
    });
    for (const host of [`${hostname()}${evil}`, evil]) {
      add(cwd, { 'run-1/lock-1': JSON.stringify({ pid: 1, host, started: evil, process: '' }) });
      const { code, stderr } = await polytask(cwd, ['train', '--resume', 'run-1'], 100);
      expect([code, stderr.includes(shown)]).toEqual([2, true]);
      expectHarmless(stderr);
    }
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { smallRun } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

async function polytask(args: readonly string[], cwd: string) {
  const { io, stdout, stderr } = fakeIo(cwd);
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const run = `${smallRun}backend: cpu\n`;

test('analyses a file: a summary, progress, and a folder with all of it', async () => {
  const folder = folderWith({ 'run.yaml': run });
  const { code, stdout, stderr } = await polytask(['analyze', 'run.yaml'], folder);
  expect(code).toBe(0);
  for (const title of ['Labels', 'Trained together', 'Features of single-task networks', 'Errors', 'Groups']) {
    expect(stdout).toContain(`${title}\n`);
  }
  expect(stdout).toMatch(/left – right\s+Cramér's V\s+[\d.]+/);
  expect(stdout).toContain('Analysis: runs/run-analysis-1\n');
  expect(stderr).toContain('Measuring gradients, while all tasks are trained together\n');
  expect(stderr).toMatch(/epoch 1\/1/);
});

test('prints its document by --json, with a seed and a folder of its own, and keeps quiet', async () => {
  const folder = folderWith({ 'run.yaml': run });
  const args = ['analyze', 'run.yaml', '--json', '-q', '-o', 'here', '--seed', '7', '--budget', '10m'];
  const { code, stdout, stderr } = await polytask(args, folder);
  expect(code).toBe(0);
  expect(stderr).toBe('');
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ seed: 7, status: 'done' });
  expect(document).toEqual(JSON.parse(readFileSync(join(folder, 'here/analysis.json'), 'utf8')));
});

test.each(['0', '-1m', '5 days', 'soon', ''])('refuses a budget of %j', async (budget) => {
  const { code, stderr } = await polytask(
    ['analyze', 'run.yaml', `--budget=${budget}`],
    folderWith({ 'run.yaml': run }),
  );
  expect(code).toBe(2);
  expect(stderr).toContain('expected a time above 0 and of at most 168h, such as 90s, 10m or 1.5h');
});

test('trains pairs where that is asked for, says so before, and shows their gains', async () => {
  const folder = folderWith({ 'run.yaml': run });
  const { code, stdout, stderr } = await polytask(['analyze', 'run.yaml', '--joint', 'pairs, leave-one-out'], folder);
  expect(code).toBe(0);
  expect(stderr).toContain('2 with one task left out; what is the same is trained once: 3\n');
  expect(stdout).toMatch(/Gain of the column with the row, against the column alone\n +left +right\n +left +[−+±]/);
  expect(stdout).toMatch(/at most 1: left \+ right \(mean gain /);
  const wrong = await polytask(['analyze', 'run.yaml', '--joint', 'pair'], folder);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('--joint pair: there is no `pair`; expected pairs or leave-one-out');
});

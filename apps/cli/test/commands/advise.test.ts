import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changed } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';
import { polytask } from '../helpers/finished-run.js';

const quick = `${changed('training:', 'split: { validation: 0.25 }\ntraining:')}backend: cpu\n`;

describe('polytask advise', () => {
  it('measures, says what to try, and tries it', async () => {
    const cwd = folderWith({ 'run.yaml': quick });
    const { code, stdout, stderr } = await polytask(cwd, 'advise', 'run.yaml', '--try', '-q', '-o', 'out');
    expect([code, stderr]).toEqual([0, '']);
    const said = JSON.parse(readFileSync(join(cwd, 'out/advice.json'), 'utf8'));
    const number = expect.any(Number);
    expect(said).toMatchObject({
      status: 'done',
      file: 'run.yaml',
      measured: { tasks: 2, conflictRate: number, hurt: number },
    });
    expect(said.advice.length).toBeGreaterThan(0);
    const files = said.advice.flatMap(({ file }: { file?: string }) => (file === undefined ? [] : [file]));
    expect(said.trials).toHaveLength(files.length);
    for (const file of files) expect((await polytask(cwd, 'check', file)).code).toBe(0);
    expect(existsSync(join(cwd, 'out/measured/run.json'))).toBe(true);
    expect(stdout).toMatch(/^Measured:\n {2}number of tasks: 2\n/);
    expect(stdout).toMatch(/Confidence: (high|medium|low)\. From: /);
    expect(stdout.match(/Try: polytask train /g)?.length ?? 0).toBe(files.length);
    expect(stdout.match(/Tried: /g)?.length ?? 0).toBe(files.length);
    expect(stdout).toContain('Runs and advice.json: out');
  });

  it('writes run files to another folder, where they train the same, and never over others', async () => {
    const table =
      'data: { use: table, source: rows.csv }\ntasks: [{ name: a, type: regression }, { name: b, type: regression }]\n';
    const rows = Array.from({ length: 60 }, (_, n) => `${n % 7},${n % 5},${n % 7},${n % 5}`);
    const run = `${table}split: { validation: 0.2, test: 0.2 }\ntraining: { epochs: 1 }\nbackend: cpu\n`;
    const cwd = folderWith({ 'run.yaml': run, 'rows.csv': ['x,z,a,b', ...rows].join('\n'), 'new/kept.txt': 'mine' });
    const args = ['advise', 'run.yaml', '-q', '--json', '-o', 'out'] as const;
    const { stdout } = await polytask(cwd, ...args, '--out', 'new');
    const advice = JSON.parse(stdout).advice as readonly { readonly file?: string }[];
    const files = advice.flatMap(({ file }) => (file === undefined ? [] : [file]));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(dirname(file)).toBe(join(cwd, 'new'));
      expect(readFileSync(file, 'utf8')).toContain('source: ../rows.csv');
      expect((await polytask(cwd, 'check', file)).code).toBe(0);
    }
    expect(readdirSync(cwd).sort()).toEqual(['new', 'out', 'rows.csv', 'run.yaml']);
    expect(readdirSync(join(cwd, 'new'))).toHaveLength(files.length + 1);

    // Where one is there already, nothing is measured.
    const again = await polytask(cwd, 'advise', 'run.yaml', '-q', '-o', 'out-2', '--out', 'new');
    expect([again.code, existsSync(join(cwd, 'out-2'))]).toEqual([2, false]);
    expect(again.stderr).toMatch(/^new\/run\..*: this file is there already; --force replaces it/);
    const file = await polytask(cwd, 'advise', 'run.yaml', '-q', '--out', 'rows.csv');
    expect([file.code, file.stderr.split('\n')[0]]).toEqual([2, '--out rows.csv: this is a file; name a folder']);
  });

  it('keeps to its budget, and says that not all was measured', async () => {
    const cwd = folderWith({ 'run.yaml': quick.replace('epochs: 1', 'epochs: 100000') });
    const { code, stdout } = await polytask(cwd, 'advise', 'run.yaml', '--budget', '0.5s', '-q', '-o', 'out', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).measured).toMatchObject({ tasks: 2, labelledShare: 1 });
    expect(JSON.parse(stdout).complete).toBe(false);
  });

  it('keeps what it knows when it is stopped while it tries', async () => {
    const cwd = folderWith({ 'run.yaml': quick });
    const controller = new AbortController();
    const { io, stdout } = fakeIo(cwd, controller.signal);
    io.stderr.on('data', () => existsSync(join(cwd, 'out/try-1-as-it-is')) && controller.abort());
    expect(await runProgram(['advise', 'run.yaml', '--try', '-o', 'out', '--json'], io)).toBe(undefined);
    const said = JSON.parse(stdout.text());
    expect(said).toEqual(JSON.parse(readFileSync(join(cwd, 'out/advice.json'), 'utf8')));
    expect(said).toMatchObject({ status: 'interrupted', complete: true });
    expect(said.trials.length).toBeGreaterThan(0);
    for (const { outcome } of said.trials) expect(outcome).toBe('not tried');
  });

  it('refuses what it cannot do before anything is written', async () => {
    const cwd = folderWith({ 'run.yaml': quick });
    const told = async (...args: string[]) => {
      const { code, stderr } = await polytask(cwd, 'advise', ...args);
      expect(code).toBe(2);
      return stderr.split('\n')[0];
    };
    expect(await told('run.yaml', '--budget', '10 days')).toBe(
      '--budget 10 days: expected a time above 0 and of at most 168h, such as 90s, 10m or 1.5h',
    );
    expect(await told('run.yaml', '-o', '.')).toMatch(/^--output \.: the folder has/);
    expect(await told('none.yaml')).toMatch(/no such file/);
    writeFileSync(join(cwd, 'wrong.yaml'), `${quick}optimiser: 1\n`);
    expect(await told('wrong.yaml')).toMatch(/no key `optimiser`/);
    writeFileSync(join(cwd, 'run.more-dropout.yaml'), 'mine');
    expect(await told('run.yaml')).toBe('run.more-dropout.yaml: this file is there already; --force replaces it');
    expect(readdirSync(cwd).sort()).toEqual(['run.more-dropout.yaml', 'run.yaml', 'wrong.yaml']);
  });
});

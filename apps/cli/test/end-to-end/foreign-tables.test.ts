// The built program on tables, SQL and folders of others: it ends when it is told to, and removes nothing but its own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { folderWith } from '../../../../test/support/folder.js';

const main = join(import.meta.dirname, '../../dist/main.js');
beforeAll(() => buildPackages(), 300_000);

const rows = `x,price,big\n${Array.from({ length: 60 }, (_, n) => `${n},${(n * 37) % 60},${n % 2}`).join('\n')}\n`;
const runFile = (data: string) => `data: { use: table, ${data} }
tasks: [{ name: price, type: regression }, { name: big, type: binary }]
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
training: { epochs: 1 }
backend: cpu
`;
const endless =
  'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT count(*) AS price, 1 AS big, 2 AS x FROM r';

function polytask(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const options = { cwd, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options);
  return { status, stdout, stderr };
}

/** Starts a command, and waits until its SQL runs. */
async function startEndless(args: readonly string[]) {
  const cwd = folderWith({
    'rows.csv': rows,
    'run.yaml': runFile(`source: rows.csv, cache: cache, sql: "${endless}"`),
  });
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  const cache = join(cwd, 'cache');
  const making = () => readdirSync(cache, { recursive: true }).map(String);
  await vi.waitFor(
    () =>
      expect(
        making().some((name) => name.endsWith('.parquet')),
        said,
      ).toBe(true),
    50_000,
  );
  return { cwd, cache, child, ended, said: () => said };
}

describe('SQL without an end', () => {
  it.each([
    ['check', ['SIGINT'], 130],
    ['train', ['SIGTERM'], 143],
    // Node's own way out waits for work of native code (F10).
    ['check', ['SIGINT', 'SIGINT'], 130],
    ['train', ['SIGTERM', 'SIGTERM'], 143],
  ] as const)('%s ends at %j, with %d, and leaves nothing', async (command, signals, code) => {
    const { cwd, cache, child, ended, said } = await startEndless([command, 'run.yaml']);
    const began = performance.now();
    for (const signal of signals) child.kill(signal);
    expect(await ended, said()).toBe(code);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(said()).toContain('Stopped while data were read; nothing was written.');
    expect(readdirSync(cache)).toEqual([]);
    expect(readdirSync(cwd).sort()).toEqual(['cache', 'rows.csv', 'run.yaml']);
  });

  it('leaves a folder after kill -9 that `cache` lists and clears, and no process', async () => {
    const { cwd, cache, child, ended } = await startEndless(['check', 'run.yaml']);
    const living = polytask(['cache', '--clear', '--folder', 'cache'], cwd);
    expect(living.stdout).toMatch(/Removed: 0 folders.*\n.*1 folder[\s\S]*half made .* in use/);
    const pid = String(child.pid);
    const children = () =>
      spawnSync('pgrep', ['-P', pid], { encoding: 'utf8' }).stdout.trim().split('\n').filter(Boolean);
    const [database] = process.platform === 'linux' ? children() : [];
    child.kill('SIGKILL');
    await ended;
    expect(polytask(['cache', '--folder', 'cache'], cwd).stdout).toMatch(/half made +\d+ \w+ +[-\d]+ [:\d]+ *\n/);
    const cleared = polytask(['cache', '--clear', '--folder', 'cache'], cwd);
    expect(cleared.stdout, cleared.stderr).toContain('Removed: 1 folder');
    expect(readdirSync(cache)).toEqual([]);
    if (database === undefined) return;
    const isThere = () => spawnSync('kill', ['-0', database]).status === 0;
    await vi.waitFor(() => expect(isThere()).toBe(false), 5000);
  });

  it('that takes too much memory or time is refused, with 2', () => {
    const cwd = folderWith({
      'rows.csv': rows,
      'memory.yaml': runFile('source: rows.csv, cache: cache, sql: "SELECT *, len(range(3000000000)) AS l FROM data"'),
      'time.yaml': runFile(`source: rows.csv, cache: cache, sqlTimeout: 1, sql: "${endless}"`),
    });
    const memory = polytask(['check', 'memory.yaml'], cwd, { POLYTASK_SQL_MEMORY: '0.4' });
    expect(memory.status, memory.stderr).toBe(2);
    expect(memory.stderr).toMatch(/memory\.yaml:1:\d+: .*more than 0\.4 GB of memory.*POLYTASK_SQL_MEMORY/);
    const time = polytask(['check', 'time.yaml'], cwd);
    expect(time.status, time.stderr).toBe(2);
    expect(time.stderr).toMatch(/time\.yaml:1:\d+: .*longer than 1 s.*sqlTimeout/);
  });
});

it('check, train, evaluate, predict and cache remove nothing of a person whose folder is named as the cache', () => {
  const cwd = folderWith({ 'rows.csv': rows, 'run.yaml': runFile('source: rows.csv, cache: home') });
  const home = join(cwd, 'home');
  const names = [
    'removing-old-code',
    `removing-${'a'.repeat(16)}`,
    `making-${'b'.repeat(16)}`,
    `table-${'c'.repeat(40)}`,
  ];
  for (const name of names) {
    mkdirSync(join(home, name), { recursive: true });
    writeFileSync(join(home, name, 'main.c'), 'mine');
  }
  writeFileSync(join(home, 'making-notes.md'), 'mine');
  symlinkSync(join(home, 'removing-old-code'), join(home, `making-${'d'.repeat(16)}`));
  for (const name of names) utimesSync(join(home, name), 0, 0);
  const mine = () =>
    readdirSync(home, { recursive: true })
      .map(String)
      .filter((name) => !ours.test(name))
      .sort();
  const ours = /^(source|table)-(?!c{40})/;
  const before = mine();
  const commands = [
    ['check', 'run.yaml'],
    ['train', 'run.yaml', '-o', 'out', '-q'],
    ['evaluate', 'out'],
    ['predict', 'out', 'rows.csv', '-q'],
    ['cache', '--folder', 'home'],
    ['cache', '--clear', '--folder', 'home'],
    ['check', 'run.yaml', '--set', 'data.maxBadRows=1'],
  ];
  for (const command of commands) {
    const { status, stderr } = polytask(command, cwd, { POLYTASK_CACHE_LIMIT: '0' });
    expect([command, status], stderr).toEqual([command, 0]);
    expect([command, mine()]).toEqual([command, before]);
  }
  expect(readFileSync(join(home, 'removing-old-code/main.c'), 'utf8')).toBe('mine');
});

it('says that the disk is full where DuckDB finds it so', (context: TestContext) => {
  const cwd = folderWith({ 'run.yaml': runFile('source: rows.csv, cache: disk') });
  const disk = join(cwd, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk], { encoding: 'utf8' });
  if (mounted.status !== 0) context.skip(`no disk can be mounted here: ${mounted.stderr ?? mounted.error?.message}`);
  onTestFinished(() => void spawnSync('umount', [disk]));
  const line = (n: number) => `${Math.sin(n)},${Math.cos(n)},${n % 2}`;
  writeFileSync(
    join(cwd, 'rows.csv'),
    `x,price,big\n${Array.from({ length: 100_000 }, (_, n) => line(n)).join('\n')}\n`,
  );
  const { status, stderr } = polytask(['check', 'run.yaml'], cwd);
  expect(status, stderr).toBe(1);
  expect(stderr).toMatch(/The disk is full: ENOSPC.*free some space/);
  expect(stderr).not.toMatch(/fault of Polytask|\n +at /);
  expect(readdirSync(disk)).toEqual([]);
});

it('reads a run file that another program pipes in', (context) => {
  if (process.platform === 'win32') context.skip('Windows has no such pipes.');
  const cwd = folderWith({ 't.csv': rows, 'run.yaml': '' });
  writeFileSync(join(cwd, 'run.yaml'), runFile(`source: ${join(cwd, 't.csv')}, cache: ${join(cwd, 'cache')}`));
  const command = `cat run.yaml | '${process.execPath}' '${main}' check /dev/stdin`;
  const { status, stderr } = spawnSync('bash', ['-c', command], { cwd, encoding: 'utf8', timeout: 60_000 });
  expect([status, stderr]).toEqual([0, '']);
});

// What a user may not read or write is the user's to mend: exit code 2 and its place, whether a file, a folder or the cache.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished, type TestContext } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { folderWith } from '../../../../test/support/folder.js';
import { finishedRun } from '../helpers/finished-run.js';

const main = join(import.meta.dirname, '../../dist/main.js');
let run: Awaited<ReturnType<typeof finishedRun>>;
beforeAll(async () => {
  await buildPackages();
  run = await finishedRun();
}, 300_000);
afterAll(() => run.remove());

/** Root may do everything, so the command is started as somebody else. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

function polytask(cwd: string, ...args: string[]) {
  const env = { PATH: process.env.PATH, HOME: join(cwd, 'home'), POLYTASK_CACHE: join(cwd, 'open') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    ...nobody,
    cwd,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

/** A copy of a finished run in which only these paths may not be used. */
function closed(context: TestContext, paths: Record<string, number>): string {
  if (process.platform === 'win32') context.skip('Windows has no modes.');
  const cwd = folderWith({ 'open/x': '', 'home/x': '', 'shut/x': '' });
  cpSync(run.copy(), cwd, { recursive: true });
  for (const name of ['', ...readdirSync(cwd, { recursive: true }).map(String)]) {
    const path = join(cwd, name);
    chmodSync(path, statSync(path).isDirectory() ? 0o777 : 0o666);
  }
  const version = polytask(cwd, '--version');
  if (version.status !== 0) context.skip(`nobody may run the command here: ${version.stderr}`);
  for (const [path, mode] of Object.entries(paths)) chmodSync(join(cwd, path), mode);
  onTestFinished(() => {
    for (const path of Object.keys(paths)) chmodSync(join(cwd, path), 0o777);
  });
  return cwd;
}

const cases: readonly [string, Record<string, number>, string[], RegExp][] = [
  ['a data file', { 't.csv': 0 }, ['check', 'run.yaml'], /run\.yaml:1:\d+: .*t\.csv must be readable.*EACCES/],
  ['a run file', { 'run.yaml': 0 }, ['check', 'run.yaml'], /run\.yaml: .*EACCES/],
  ['a model', { 'r/model.safetensors': 0 }, ['predict', 'r', 't.csv'], /model\.safetensors.*EACCES/],
  ['run.json', { 'r/run.json': 0 }, ['evaluate', 'r'], /r\/run\.json: EACCES/],
  ['rows to predict', { 't.csv': 0 }, ['predict', 'r', 't.csv'], /t\.csv.*EACCES/],
  ['a cache', { shut: 0o555 }, ['check', 'run.yaml', '-s', 'data.cache=shut'], /^--set data\.cache=shut: .*EACCES/],
  [
    'a folder for runs',
    { shut: 0o555 },
    ['train', 'run.yaml', '-q', '-o', 'shut/new'],
    /^--output shut\/new: the folder cannot be written to: EACCES/,
  ],
];

for (const [what, paths, args, message] of cases) {
  it(`is told: ${what}`, (context) => {
    const { status, stdout, stderr } = polytask(closed(context, paths), ...args);
    expect([status, stdout], stderr).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/fault of Polytask|\n +at /);
  });
}

it('a finished run in a folder that cannot be written to is printed again', (context) => {
  const cwd = closed(context, { r: 0o555, 'r/run.json': 0o444 });
  const { status, stdout, stderr } = polytask(cwd, 'train', '--resume', 'r');
  expect([status, stdout], stderr).toEqual([0, expect.stringContaining('price')]);
});

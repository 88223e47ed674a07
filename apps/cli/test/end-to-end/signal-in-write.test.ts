// The built program gets its signals in the middle of a write: half of the file's bytes are there when it is held.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadCheckpoint } from '@polytask/core/node';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { changed } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';

const main = join(import.meta.dirname, '../../dist/main.js');
const hold = pathToFileURL(join(import.meta.dirname, '../helpers/write-hold.mjs')).href;
const config = `${changed('epochs: 1', 'epochs: 3')}backend: cpu\n`.replace('units: [8]', 'units: [8], dropout: 0.2');
const whole: { model?: Buffer; metrics?: unknown } = {};

beforeAll(async () => {
  await buildPackages();
}, 300_000);

const metricsOf = (folder: string) =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (key === 'seconds' ? undefined : value)));

/** What a run comes to that nobody disturbs; trained once. */
function undisturbed() {
  if (whole.model === undefined) {
    const cwd = folderWith({ 'run.yaml': config });
    const { status, stderr } = spawnSync(process.execPath, [main, 'train', 'run.yaml', '-o', 'out'], { cwd });
    expect(status, String(stderr)).toBe(0);
    whole.model = readFileSync(join(cwd, 'out/model.safetensors'));
    whole.metrics = metricsOf(join(cwd, 'out'));
  }
  return whole;
}

/** Trains until the n-th write of a file is half done. */
async function heldIn(file: string, nth: number) {
  const cwd = folderWith({ 'run.yaml': config });
  const env = { ...process.env, NODE_OPTIONS: `--import=${hold}`, HOLD: file, NTH: String(nth) };
  const child = spawn(process.execPath, [main, 'train', 'run.yaml', '-o', 'out'], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { text: '' };
  let look = () => {};
  child.stderr?.on('data', (chunk: Buffer) => {
    said.text += chunk;
    look();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  const failed = ended.then(() => {
    throw new Error(`The program ended too early:\n${said.text}`);
  });
  failed.catch(() => {});
  const sees = (text: string) => {
    const seen = new Promise<void>((resolve) => {
      look = () => said.text.includes(text) && resolve();
      look();
    });
    return Promise.race([seen, failed]);
  };
  await Promise.race([message(child, 'in write'), failed]);
  return { cwd, out: join(cwd, 'out'), child, said, ended, sees };
}

const message = (child: ChildProcess, expected: string) =>
  new Promise<void>((resolve) => {
    child.on('message', (found) => found === expected && resolve());
  });

const temporary = (folder: string) =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.tmp'));

/** All that is in the folder under its own name can be read. */
async function expectReadable(out: string) {
  expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))).toMatchObject({ format: 2 });
  const checkpoints = join(out, 'checkpoints/joint');
  for (const name of existsSync(checkpoints) ? readdirSync(checkpoints) : []) {
    if (!name.endsWith('.tmp')) await loadCheckpoint(join(checkpoints, name));
  }
}

function expectToGoOn(cwd: string) {
  const { status, stderr } = spawnSync(process.execPath, [main, 'train', '--resume', 'out'], { cwd, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  const { model, metrics } = undisturbed();
  expect(readFileSync(join(cwd, 'out/model.safetensors')).equals(model as Buffer)).toBe(true);
  expect(metricsOf(join(cwd, 'out'))).toEqual(metrics);
  expect(readdirSync(join(cwd, 'out')).sort()).toEqual([
    'checkpoints',
    'metrics.jsonl',
    'model.safetensors',
    'run.json',
  ]);
  expect(temporary(join(cwd, 'out'))).toEqual([]);
}

describe('a signal in the middle of a write', () => {
  it.each([
    ['SIGTERM', 143, 'the first checkpoint', 'checkpoints/joint/.*', 1],
    ['SIGINT', 130, 'a later checkpoint', 'checkpoints/joint/.*', 2],
    ['SIGTERM', 143, 'the last checkpoint', 'checkpoints/joint/.*', 3],
    ['SIGINT', 130, 'the metrics', 'metrics.jsonl', 2],
    ['SIGTERM', 143, 'the model', 'model.safetensors', 1],
    ['SIGINT', 130, 'the first run.json', 'run.json', 1],
  ] as const)(
    '%s: ends with %d when %s is whole, and goes on to the same weights',
    async (signal, code, _, file, nth) => {
      const { cwd, out, child, said, ended, sees } = await heldIn(file, nth);
      expect(temporary(out).length).toBe(file === 'metrics.jsonl' ? 0 : 1);
      child.kill(signal);
      await sees('Stopping after this step.');
      child.send('go on');
      expect(await ended, said.text).toBe(code);
      expect(said.text).toMatch(
        /Stopped after step \d+\. Checkpoint: .*\nGo on with:\n {2}polytask train --resume out\n$/,
      );
      expect(temporary(out)).toEqual([]);
      await expectReadable(out);
      expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))).toMatchObject({ status: 'interrupted' });
      expectToGoOn(cwd);
    },
    60_000,
  );

  it.each([
    ['SIGTERM', 143, 'a checkpoint', 'checkpoints/joint/.*', 2],
    ['SIGINT', 130, 'the first checkpoint', 'checkpoints/joint/.*', 1],
    ['SIGINT', 130, 'the metrics', 'metrics.jsonl', 2],
    ['SIGTERM', 143, 'the model', 'model.safetensors', 1],
  ] as const)(
    '%s twice: ends with %d within %s, says how to go on, and does',
    async (signal, code, _, file, nth) => {
      const { cwd, out, child, said, ended, sees } = await heldIn(file, nth);
      child.kill(signal);
      await sees('Stopping after this step.');
      const later = message(child, 'it is later');
      child.send('later');
      await later;
      child.kill(signal);
      expect(await ended, said.text).toBe(code);
      expect(said.text).toMatch(/Ended at once.*\nGo on with:\n {2}polytask train --resume out\n$/);
      await expectReadable(out);
      expectToGoOn(cwd);
    },
    60_000,
  );
});

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { LockedError, lockFolder } from '../../src/run/lock.js';

/** A process that is gone, and no other has its number yet. */
const goneProcess = () => spawnSync(process.execPath, ['--version']).pid;

const lockOf = (changes: object) =>
  JSON.stringify({ pid: goneProcess(), host: hostname(), started: 'yesterday', process: '', ...changes });

describe('lockFolder', () => {
  it('gives a folder to one at a time', async () => {
    const folder = folderWith();
    const lock = await lockFolder(folder);
    expect(lock.replaced).toBeUndefined();
    expect(JSON.parse(readFileSync(join(folder, 'lock-1'), 'utf8'))).toMatchObject({
      pid: process.pid,
      host: hostname(),
      started: expect.stringMatching(/^\d{4}-/),
    });
    await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid} on ${hostname()} has been writing`);
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
    await (await lockFolder(folder)).release();
  });

  it('takes the lock of a process over that is gone, or is another one of the same number', async () => {
    for (const changes of [{}, { pid: process.pid, process: 'another boot' }, { pid: -1 }, { pid: 'x' }]) {
      const folder = folderWith({ 'lock-7': lockOf(changes) });
      const lock = await lockFolder(folder);
      expect(lock.replaced).toMatchObject({ started: 'yesterday' });
      expect(readdirSync(folder)).toEqual(['lock-8']);
      await lock.release();
    }
    const folder = folderWith({ 'lock-1': 'half a li' });
    await (await lockFolder(folder)).release();
  });

  it('respects other machines, of which it cannot know', async () => {
    const folder = folderWith({ 'lock-1': lockOf({ host: 'elsewhere.example' }) });
    await expect(lockFolder(folder)).rejects.toThrow(`if it does not, delete ${join(folder, 'lock-1')}`);
    expect(readdirSync(folder)).toEqual(['lock-1']);
  });

  it.runIf(process.platform === 'linux')('does not take a process for living that waits to be noticed', async () => {
    // It ends when its parent has become a program that never waits for it, so it stays as a zombie until the parent ends.
    const script = 'sh -c "read line" <&3 & echo $!; exec sleep 60';
    const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const { stdout, stdio } = parent;
    const pid = await new Promise<number>((resolve) => stdout?.once('data', (text) => resolve(Number(text))));
    const program = () => readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim();
    await expect.poll(program, { timeout: 30_000 }).toBe('sleep');
    (stdio[3] as Writable).end('\n');
    const state = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
    await expect.poll(state, { timeout: 30_000 }).toBe('Z');
    const lock = await lockFolder(folderWith({ 'lock-1': lockOf({ pid }) }));
    expect(lock.replaced?.pid).toBe(pid);
  });

  it('lets one of many win that find the same dead lock at once', async () => {
    for (let round = 0; round < 20; round++) {
      const folder = folderWith({ 'lock-3': lockOf({}) });
      const results = await Promise.allSettled(Array.from({ length: 12 }, () => lockFolder(folder)));
      const won = results.filter(({ status }) => status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LockedError);
      }
      expect(readdirSync(folder).filter((name) => name.startsWith('lock-'))).toHaveLength(1);
    }
  });

  it('is not misled by files that are none of its own', async () => {
    const folder = folderWith();
    writeFileSync(join(folder, 'lock-x'), '');
    writeFileSync(join(folder, 'padlock-1'), '');
    await (await lockFolder(folder)).release();
    expect(readdirSync(folder)).toEqual(['lock-x', 'padlock-1']);
  });
});

// A run on a disk of a few hundred kilobytes, which only root can make.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCheckpoint } from '@polytask/core/node';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { changed } from '../helpers/configs.js';
import { folderWith } from '../helpers/folder.js';

const main = join(import.meta.dirname, '../../dist/main.js');
beforeAll(() => buildPackages(), 300_000);

function polytask(args: readonly string[], cwd: string) {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, encoding: 'utf8' });
  return { status, stderr };
}

it('ends with 1 on a full disk, and goes on from the checkpoint before when there is room', (context) => {
  const cwd = folderWith({ 'run.yaml': `${changed('epochs: 1', 'epochs: 4')}backend: cpu\n` });
  const disk = join(cwd, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk], { encoding: 'utf8' });
  if (mounted.status !== 0) context.skip(`no disk can be mounted here: ${mounted.stderr ?? mounted.error?.message}`);
  onTestFinished(() => void spawnSync('umount', [disk]));

  const whole = polytask(['train', 'run.yaml', '-o', 'whole'], cwd);
  expect(whole.status, whole.stderr).toBe(0);
  const joint = join(cwd, 'whole/checkpoints/joint');
  const size = statSync(join(joint, readdirSync(joint)[0] as string)).size;
  // Room for one checkpoint and a half besides run.json.
  writeFileSync(join(disk, 'ballast'), new Uint8Array(2 * 2 ** 20 - Math.ceil(size * 1.6) - 24_000));

  const full = polytask(['train', 'run.yaml', '-o', 'disk/run'], cwd);
  expect(full.status, full.stderr).toBe(1);
  expect(full.stderr).toMatch(
    /The disk is full: ENOSPC.*\nWhen that is mended, go on with:\n {2}polytask train --resume disk\/run\n$/,
  );
  const checkpoints = join(disk, 'run/checkpoints/joint');
  expect(readdirSync(checkpoints)).toEqual(['epoch-1-step-3.safetensors']);
  return loadCheckpoint(join(checkpoints, 'epoch-1-step-3.safetensors')).then(({ state }) => {
    expect(state).toMatchObject({ epoch: 1 });
    rmSync(join(disk, 'ballast'));
    const resumed = polytask(['train', '--resume', 'disk/run'], cwd);
    expect(resumed.status, resumed.stderr).toBe(0);
    const model = (folder: string) => readFileSync(join(cwd, folder, 'model.safetensors'));
    expect(model('disk/run').equals(model('whole'))).toBe(true);
  });
});

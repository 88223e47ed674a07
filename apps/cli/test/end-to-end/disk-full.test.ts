// A run on a disk of a few hundred kilobytes, which only root can make.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { loadCheckpoint } from '@polytask/core/node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { changed } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';
import { table, tableRun } from '../helpers/finished-run.js';

const main = join(import.meta.dirname, '../../dist/main.js');
beforeAll(() => buildPackages(), 300_000);

/** Runs a command in this process, which has started already. */
async function polytask(args: readonly string[], cwd: string, input?: string) {
  const { io, stdout, stderr } = fakeIo(cwd);
  const stdin = input === undefined ? {} : { stdin: Readable.from([input]) };
  const status = await runProgram(args, { ...io, ...stdin });
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

/** Mounts a small disk at `disk` in a folder; skips the test where that cannot be done. */
function mountDisk(cwd: string, size: string, context: TestContext): string {
  const disk = join(cwd, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', disk], { encoding: 'utf8' });
  if (mounted.status !== 0) context.skip(`no disk can be mounted here: ${mounted.stderr ?? mounted.error?.message}`);
  onTestFinished(() => void spawnSync('umount', [disk]));
  return disk;
}

it('ends with 1 on a full disk, and goes on from the checkpoint before when there is room', async (context) => {
  const cwd = folderWith({ 'run.yaml': `${changed('epochs: 1', 'epochs: 4')}backend: cpu\n` });
  const disk = mountDisk(cwd, '2m', context);

  const whole = await polytask(['train', 'run.yaml', '-o', 'whole'], cwd);
  expect(whole.status, whole.stderr).toBe(0);
  const joint = join(cwd, 'whole/checkpoints/joint');
  const size = statSync(join(joint, readdirSync(joint)[0] as string)).size;
  // Room for one checkpoint and a half besides run.json.
  writeFileSync(join(disk, 'ballast'), new Uint8Array(2 * 2 ** 20 - Math.ceil(size * 1.6) - 24_000));

  const full = await polytask(['train', 'run.yaml', '-o', 'disk/run'], cwd);
  expect(full.status, full.stderr).toBe(1);
  expect(full.stderr).toMatch(
    /The disk is full: ENOSPC.*\nWhen that is mended, go on with:\n {2}polytask train --resume disk\/run\n$/,
  );
  const checkpoints = join(disk, 'run/checkpoints/joint');
  expect(readdirSync(checkpoints)).toEqual(['epoch-1-step-3.safetensors']);
  const { state } = await loadCheckpoint(join(checkpoints, 'epoch-1-step-3.safetensors'));
  expect(state).toMatchObject({ epoch: 1 });
  rmSync(join(disk, 'ballast'));
  const resumed = await polytask(['train', '--resume', 'disk/run'], cwd);
  expect(resumed.status, resumed.stderr).toBe(0);
  const model = (folder: string) => readFileSync(join(cwd, folder, 'model.safetensors'));
  expect(model('disk/run').equals(model('whole'))).toBe(true);
});

describe('a full disk under a finished run', () => {
  const rows = (count: number) =>
    [
      'x,y,k',
      ...Array.from({ length: count }, (_, i) => `${i % 10},${(i % 10) * 2 + 1},${i % 2 ? 'a' : 'b'}`),
      '',
    ].join('\n');
  const config = `data: { use: table, source: rows.csv }
tasks:
  - { name: y, type: regression }
  - { name: k, type: classification }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [64, 64] } }
training: { epochs: 1, batchSize: 16 }
backend: cpu
`;

  let trained: string | undefined;
  /** The run, trained once, beside a small disk. */
  async function finished(context: TestContext) {
    const cwd = folderWith({ 'run.yaml': config, 'rows.csv': rows(80), 'many.csv': rows(30_000) });
    const disk = mountDisk(cwd, '256k', context);
    if (trained === undefined) {
      const { status, stderr } = await polytask(['train', 'run.yaml', '-o', 'out', '-q'], cwd);
      expect(status, stderr).toBe(0);
      trained = mkdtempSync(join(tmpdir(), 'polytask-finished-'));
      cpSync(join(cwd, 'out'), trained, { recursive: true });
    } else cpSync(trained, join(cwd, 'out'), { recursive: true });
    return { cwd, disk };
  }
  afterAll(() => trained !== undefined && rmSync(trained, { recursive: true }));

  const full = /^The (disk is full|prediction failed|evaluation failed): .*(ENOSPC|No space left on device)/m;

  it('predict ends with 1; the file that was there is as it was, and nothing else is', async (context) => {
    const { cwd, disk } = await finished(context);
    for (const format of ['csv', 'jsonl', 'parquet']) {
      const file = join(disk, `out.${format}`);
      writeFileSync(file, 'before');
      const args = ['predict', 'out', 'many.csv', '-o', `disk/out.${format}`];
      expect((await polytask(args, cwd)).status).toBe(2);
      const { status, stdout, stderr } = await polytask([...args, '--force'], cwd);
      expect([status, stdout, stderr]).toEqual([1, '', expect.stringMatching(full)]);
      expect(stderr).not.toContain('fault of Polytask');
      expect(readFileSync(file, 'utf8')).toBe('before');
      expect(readdirSync(disk)).toEqual([`out.${format}`]);
      rmSync(file);
    }
    const few = await polytask(['predict', 'out', 'rows.csv', '-o', 'disk/few.csv'], cwd);
    expect([few.status, readdirSync(disk)]).toEqual([0, ['few.csv']]);
  });

  it('rows from standard input have no room: predict and evaluate end with 1, and leave nothing', async (context) => {
    const { cwd, disk } = await finished(context);
    const input = rows(60_000);
    for (const args of [
      ['predict', 'out'],
      ['evaluate', 'out', '--data', '-'],
    ]) {
      vi.stubEnv('TMPDIR', disk);
      const { status, stdout, stderr } = await polytask(args, cwd, input).finally(() => vi.unstubAllEnvs());
      expect([status, stdout, stderr]).toEqual([1, '', expect.stringMatching(full)]);
      expect(readdirSync(disk)).toEqual([]);
    }
  });

  it('export ends with 1; the export that was there is as it was', async (context) => {
    const { cwd, disk } = await finished(context);
    for (const [format, place, files] of [
      ['onnx', 'disk/model.onnx', ['model.onnx']],
      ['tfjs', 'disk', ['model.json', 'weights.bin']],
    ] as const) {
      for (const file of files) writeFileSync(join(disk, file), 'before');
      writeFileSync(join(disk, 'ballast'), new Uint8Array(256 * 1024 - 3 * 4096));
      const { status, stdout, stderr } = await polytask(['export', 'out', '-f', format, '-o', place, '--force'], cwd);
      expect([status, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^The disk is full: ENOSPC/)]);
      expect(readdirSync(disk).sort()).toEqual(['ballast', ...files]);
      for (const file of files) expect(readFileSync(join(disk, file), 'utf8')).toBe('before');
      for (const file of readdirSync(disk)) rmSync(join(disk, file));
    }
  });
});

describe.skipIf(process.platform !== 'linux')('a full disk behind an output', () => {
  /** Runs the program with an output that takes nothing. */
  function withFull(output: 'stdout' | 'stderr', args: readonly string[], cwd: string) {
    const full = openSync('/dev/full', 'w');
    const stdio = ['ignore', output === 'stdout' ? full : 'pipe', output === 'stderr' ? full : 'pipe'] as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd,
      stdio: [...stdio],
      encoding: 'utf8',
    });
    closeSync(full);
    return { status, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
  const files = { 'run.yaml': tableRun, 't.csv': table };
  const result = /^The result could not be written to standard output: ENOSPC: .*\n$/m;

  it('with the log does not end a run, and a run without a log is settled', () => {
    const cwd = folderWith(files);
    const { status, stdout } = withFull('stderr', ['train', 'run.yaml', '-o', 'r'], cwd);
    expect([status, stdout]).toEqual([0, expect.stringContaining('price')]);
    expect(JSON.parse(readFileSync(join(cwd, 'r/run.json'), 'utf8'))).toMatchObject({ status: 'done' });
    expect(readdirSync(join(cwd, 'r')).filter((name) => name.startsWith('lock'))).toEqual([]);
    expect(withFull('stderr', ['predict', 'r', 't.csv'], cwd)).toMatchObject({ status: 0 });
    expect(withFull('stderr', ['train', 'missing.yaml'], cwd)).toMatchObject({ status: 2 });
  });

  it('with the result is said, and ends with 1', () => {
    const cwd = folderWith(files);
    const trained = withFull('stdout', ['train', 'run.yaml', '-o', 'r'], cwd);
    expect([trained.status, trained.stderr]).toEqual([1, expect.stringMatching(result)]);
    expect(JSON.parse(readFileSync(join(cwd, 'r/run.json'), 'utf8'))).toMatchObject({ status: 'done' });
    for (const args of [
      ['predict', 'r', 't.csv', '-q'],
      ['evaluate', 'r', '-q'],
      ['check', 'run.yaml'],
      ['schema'],
      ['--help'],
    ]) {
      const { status, stderr } = withFull('stdout', args, cwd);
      expect([args, status, stderr]).toEqual([args, 1, expect.stringMatching(result)]);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });
});

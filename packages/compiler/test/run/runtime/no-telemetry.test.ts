import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it, onTestFinished, vi } from 'vitest';
import { turnTelemetryOff } from '../../../src/run/runtime/no-telemetry.js';

const steps = `
import * as tf from '@tensorflow/tfjs';
import { isMainThread, Worker } from 'node:worker_threads';
import { compiled } from '../../../../src/index.js';

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
  writeFileSync(join(folder, 'steps.js'), `${steps}${program}\n`);
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

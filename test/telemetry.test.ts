// ONNX Runtime's library is loaded in few places, and its telemetry is off before each.
import { expect, it } from 'vitest';
import { sourcesIn } from './support/sources.js';

/** What can bring the native library into a process: its package's name, or a library that is opened by its file. */
const loads = /(['"])onnxruntime-node(\/package\.json)?\1|\bkoffi\.load\((?!null\))|\bopenLibrary\(koffi/;

/** Without comments, and without what only types are taken from. */
const codeOf = (text: string) =>
  text.replaceAll(/^\s*(\/?\*|\/\/|import type ).*$/gm, '').replaceAll(/typeof import\('[^']+'\)/g, '');

it('telemetry is off before every load of the library', () => {
  const loading = [...sourcesIn('packages'), ...sourcesIn('apps/cli/src')]
    .filter(({ path }) => /^packages\/[^/]+\/src\/|^apps\/cli\/src\//.test(path))
    .map(({ path, text }) => ({ path, code: codeOf(text) }))
    .filter(({ code }) => loads.test(code));
  const harmless = [
    // Say what to install, and why it is not taken.
    'packages/compiler/src/auto.ts',
    'packages/compiler/src/run/runtime/load-package.ts',
    // Opens the file that `load-direct.ts` has found.
    'packages/compiler/src/run/runtime/direct/onnxruntime-c.ts',
    // Calls functions of the C library that set the processor's flags.
    'packages/compiler/src/run/runtime/direct/flush-denormals.ts',
    // Say which version is installed.
    'apps/cli/src/doctor/probes.ts',
    'packages/experiment/src/run/versions.ts',
  ];
  const others = loading.filter(({ path }) => !harmless.includes(path));
  expect(others.map(({ path }) => path)).toEqual([
    'packages/compiler/src/run/runtime/direct/load-direct.ts',
    'packages/compiler/src/run/runtime/node.ts',
  ]);
  for (const { path, code } of others) {
    const off = code.indexOf('await turnTelemetryOff()');
    expect(off > 0 && off < code.search(loads), path).toBe(true);
  }
});

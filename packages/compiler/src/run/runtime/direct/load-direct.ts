import { turnTelemetryOff } from '../no-telemetry.js';
import { type OnnxRuntimeC, openLibrary } from './onnxruntime-c.js';

/** Where the package keeps its library, by platform and processor; only those that this has been tried on. */
const files: Readonly<Record<string, string>> = {
  'linux x64': 'bin/napi-v6/linux/x64/libonnxruntime.so.1',
};

/** What this file needs of Node, which a browser's types do not know. */
interface NodeProcess {
  readonly platform: string;
  readonly arch: string;
  getBuiltinModule?(name: string): { createRequire(from: string): { resolve(name: string): string } };
}

/**
 * ONNX Runtime's library of the package `onnxruntime-node`, called without the package's own binding. Undefined where that cannot
 * be done: on other platforms, without `koffi`, or where the library cannot be loaded so.
 */
export async function loadDirect(threads: number): Promise<OnnxRuntimeC | undefined> {
  const { process } = globalThis as { process?: NodeProcess };
  const file = files[`${process?.platform} ${process?.arch}`];
  if (file === undefined || process?.getBuiltinModule === undefined) return undefined;
  try {
    await turnTelemetryOff();
    const { resolve } = process.getBuiltinModule('node:module').createRequire(import.meta.url);
    const folder = resolve('onnxruntime-node/package.json').replace(/package\.json$/, '');
    // Not a literal: a bundler for the browser must not look for it.
    const name: string = 'koffi';
    const koffi = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
    return openLibrary(koffi.default, `${folder}${file}`, threads);
  } catch {
    return undefined;
  }
}

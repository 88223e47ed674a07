import { loadPackage } from './load-package.js';
import { openError } from './run-error.js';
import type { Runtime } from './runtime.js';
import { runtimeSession } from './session.js';
import { tensorCache } from './tensor-cache.js';

type Ort = typeof import('onnxruntime-web/wasm');

/** Where the browser's runtime finds its WebAssembly. */
export interface WebRuntimeOptions {
  /** Folder or address of `ort-wasm-simd-threaded.wasm` and `.mjs`; beside the package's own script unless told. */
  readonly wasmPaths?: string;
}

/**
 * ONNX Runtime as WebAssembly: for browsers, and for Node where no native library exists. More than one thread needs a page that
 * is cross-origin isolated; without it one is used. The first model that is opened in a page settles the number of threads.
 *
 * @throws `POLYTASK_PACKAGE_MISSING` where `onnxruntime-web` is not installed.
 */
export async function webRuntime({ wasmPaths }: WebRuntimeOptions = {}): Promise<Runtime> {
  const ort = await loadPackage('onnxruntime-web', () => (isNode() ? importForNode() : import('onnxruntime-web/wasm')));
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  const tensorOf = tensorCache(ort.Tensor);
  return {
    name: 'web',
    async open(model, { threads, name = '' }) {
      ort.env.wasm.numThreads = isNode() || globalThis.crossOriginIsolated ? threads : 1;
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ['wasm'],
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        enableCpuMemArena: true,
        enableMemPattern: true,
        logSeverityLevel: 4,
      }).catch((cause: unknown) => {
        throw openError(name, cause);
      });
      return runtimeSession(session, tensorOf, { name, writesInPlace: false });
    },
  };
}

function isNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

/** Node has an entry of its own, which a bundler for the browser must not pack. */
function importForNode(): Promise<Ort> {
  const name: string = 'onnxruntime-web';
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}

import { encodeModel } from '../../lower/onnx/encode-model.js';
import { loadPackage, startError } from './load-package.js';
import { openError } from './run-error.js';
import type { Runtime } from './runtime.js';
import { runtimeSession } from './session.js';
import { tensorCache } from './tensor-cache.js';

type Ort = typeof import('onnxruntime-web/wasm');

/** How the browser's runtime is started. */
export interface WebRuntimeOptions {
  /** Folder or address of `ort-wasm-simd-threaded.wasm` and `.mjs`; beside the package's own script unless told. */
  readonly wasmPaths?: string;
  /** Threads of all models. Default 1. */
  readonly threads?: number;
}

/**
 * ONNX Runtime as WebAssembly: for browsers, and for Node where no native library exists. More than one thread needs a page that
 * is cross-origin isolated; without it one is used. The first one that is opened in a page settles threads and paths.
 *
 * @throws `POLYTASK_PACKAGE_MISSING` where `onnxruntime-web` is not installed, `POLYTASK_PACKAGE_FAILED` where its WebAssembly
 * cannot be fetched or started.
 */
export async function webRuntime({ wasmPaths, threads = 1 }: WebRuntimeOptions = {}): Promise<Runtime> {
  const ort = await loadPackage('onnxruntime-web', () => (isNode() ? importForNode() : import('onnxruntime-web/wasm')));
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  ort.env.wasm.numThreads = isNode() || globalThis.crossOriginIsolated ? threads : 1;
  await start(ort);
  const tensorOf = tensorCache(ort.Tensor);
  return {
    name: 'web',
    flushDenormals: (run) => run(),
    async open(model, { name = '' }) {
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

/** Opens a model that does nothing, since the WebAssembly is fetched with the first one: so one knows now whether it is there. */
async function start(ort: Ort): Promise<void> {
  const x = { type: 'float32', shape: [1] } as const;
  const nothing = encodeModel({
    name: 'start',
    inputs: [{ name: 'x', ...x }],
    outputs: [{ name: 'y', ...x }],
    constants: [],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
  const session = await ort.InferenceSession.create(nothing, { executionProviders: ['wasm'] }).catch(
    (cause: unknown) => {
      throw startError(cause);
    },
  );
  await session.release();
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

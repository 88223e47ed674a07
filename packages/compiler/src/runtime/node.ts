import { loadPackage } from './load-package.js';
import { openError } from './run-error.js';
import type { Runtime } from './runtime.js';
import { runtimeSession } from './session.js';
import { tensorCache } from './tensor-cache.js';

/**
 * ONNX Runtime's native library, on the CPU. Buffers given for outputs are written in place.
 *
 * @throws `POLYTASK_PACKAGE_MISSING` where `onnxruntime-node` is not installed, `POLYTASK_PACKAGE_FAILED` where it has no library
 * for this platform.
 */
export async function nodeRuntime(): Promise<Runtime> {
  // Not a literal: a bundler for the browser must not look for it.
  const name: string = 'onnxruntime-node';
  const ort = await loadPackage<typeof import('onnxruntime-node')>(
    name,
    () => import(/* @vite-ignore */ /* webpackIgnore: true */ name),
  );
  const tensorOf = tensorCache(ort.Tensor);
  return {
    name: 'node',
    async open(model, { threads, name = '' }) {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        enableCpuMemArena: true,
        enableMemPattern: true,
        // Errors are thrown; the library would print them besides.
        logSeverityLevel: 4,
      }).catch((cause: unknown) => {
        throw openError(name, cause);
      });
      return runtimeSession(session, tensorOf, { name, writesInPlace: true });
    },
  };
}

import { modelInterface } from '../../lower/onnx/model-interface.js';
import { directSession } from './direct/direct-session.js';
import { loadDirect } from './direct/load-direct.js';
import { logSeverity, type OnnxRuntimeC, type Pointer } from './direct/onnxruntime-c.js';
import { loadPackage } from './load-package.js';
import { turnTelemetryOff } from './no-telemetry.js';
import { openError } from './run-error.js';
import type { Runtime } from './runtime.js';
import { runtimeSession } from './session.js';
import { tensorCache } from './tensor-cache.js';

/** How {@link nodeRuntime} reaches the library. */
export interface NodeRuntimeOptions {
  /**
   * Whether the library's C interface is called directly where that is possible, which spares a copy of every output and the
   * binding's cost per tensor. Default true.
   */
  readonly direct?: boolean;
  /** Threads of the process' pool, if this is the first use of the library. Default 2. */
  readonly threads?: number;
}

/**
 * ONNX Runtime's native library, on the CPU. Buffers given for outputs are written in place.
 *
 * @throws `POLYTASK_PACKAGE_MISSING` where `onnxruntime-node` is not installed, `POLYTASK_PACKAGE_FAILED` where it has no library
 * for this platform.
 */
export async function nodeRuntime({ direct = true, threads = 2 }: NodeRuntimeOptions = {}): Promise<Runtime> {
  const library = direct ? await loadDirect(threads) : undefined;
  return library === undefined ? bindingRuntime() : directRuntime(library);
}

/** By the package's own binding. */
async function bindingRuntime(): Promise<Runtime> {
  await turnTelemetryOff();
  // Not a literal: a bundler for the browser must not look for it.
  const name: string = 'onnxruntime-node';
  const ort = await loadPackage<typeof import('onnxruntime-node')>(
    name,
    () => import(/* @vite-ignore */ /* webpackIgnore: true */ name),
  );
  const tensorOf = tensorCache(ort.Tensor);
  return {
    name: 'node',
    flushDenormals: (run) => run(),
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
        logSeverityLevel: logSeverity,
      }).catch((cause: unknown) => {
        throw openError(name, cause);
      });
      return runtimeSession(session, tensorOf, { name, writesInPlace: true });
    },
  };
}

/** By the library's C interface. */
function directRuntime(library: OnnxRuntimeC): Runtime {
  let binding: Promise<Runtime> | undefined;
  return {
    name: 'node',
    flushDenormals: library.flushDenormals,
    async open(model, { threads, name = '' }) {
      const session = createSession(library, model, threads, name);
      const { inputs, outputs } = modelInterface(model);
      if (outputs.every(({ shape }) => shape.every((size) => typeof size === 'number'))) {
        return directSession({ library, session, name, inputs, outputs });
      }
      // Memory can be given to outputs whose sizes are known; the package's binding takes the others.
      library.call.ReleaseSession(session);
      binding ??= bindingRuntime();
      return (await binding).open(model, { threads, name });
    },
  };
}

/** Libraries that somebody else used first, by the package's binding: the process then has no pool of threads to share. */
const withoutPool = new WeakSet<OnnxRuntimeC>();

function createSession(library: OnnxRuntimeC, model: Uint8Array, threads: number, name: string): Pointer {
  const { call, check, make, flushDenormals } = library;
  const shares = threads === library.sharedThreads && !withoutPool.has(library);
  const options = make('CreateSessionOptions');
  try {
    check(call.SetSessionLogSeverityLevel(options, logSeverity));
    if (shares) check(call.DisablePerSessionThreads(options));
    check(call.SetIntraOpNumThreads(options, threads));
    check(call.SetInterOpNumThreads(options, 1));
    // For threads of the session's own. The library sets the thread that opens the first session too, which is put back here.
    check(call.AddSessionConfigEntry(options, 'session.set_denormal_as_zero', '1'));
    return flushDenormals(() => make('CreateSessionFromArray', library.environment, model, model.byteLength, options));
  } catch (cause) {
    // The library does not say beforehand; it names what should have made the pool.
    if (!shares || !`${cause}`.includes('CreateEnvWithGlobalThreadPools')) throw openError(name, cause);
    withoutPool.add(library);
  } finally {
    call.ReleaseSessionOptions(options);
  }
  return createSession(library, model, threads, name);
}

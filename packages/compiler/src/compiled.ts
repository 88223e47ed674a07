import { type Executor, requireOption } from '@polytask/core';
import { defineExecutor } from '@polytask/core/executors';
import { createCompiledSession, type Fallback } from './run/compiled-session.js';
import { nodeRuntime } from './run/runtime/node.js';
import type { Runtime } from './run/runtime/runtime.js';
import { webRuntime } from './run/runtime/web.js';

/** Options of {@link compiled}. */
export interface CompiledOptions {
  /**
   * Threads that one operation may use. Default 2. More are faster on a quiet machine and slower on a busy one; results do not
   * depend on it beyond rounding.
   */
  readonly threads?: number;
  /** Whether the first run of every program is compared with eager execution. Default false; it costs one eager run each. */
  readonly verify?: boolean;
  /** `'node'` is `onnxruntime-node`, `'web'` is `onnxruntime-web`. Default: `'node'` under Node, else `'web'`. */
  readonly runtime?: 'node' | 'web';
  /**
   * Whether `onnxruntime-node` is called by its C interface, without copies, where that is possible (Linux on x64, with the optional
   * package `koffi`). Default true; results are the same.
   */
  readonly direct?: boolean;
  /**
   * Folder or address, ending in `/`, at which `onnxruntime-web` finds its files `ort-wasm-simd-threaded.wasm` and `.mjs`. Default:
   * the first beside the script that the package ended up in, and the second in that script. The first executor of a page settles it.
   */
  readonly wasmPaths?: string | undefined;
  /** Told once for each program that cannot be compiled and runs eagerly. Default: `console.warn` of the message. */
  readonly onFallback?: (message: string, fallback: Fallback) => void;
}

/**
 * The executor that traces every program once, compiles it to ONNX, and replays it on ONNX Runtime: the same numbers as
 * `eager()` up to rounding, many times faster. A program with an operation that it does not know runs eagerly.
 *
 * @throws `POLYTASK_PACKAGE_MISSING` (when a session is opened) where the package of the runtime is not installed;
 * `POLYTASK_TRACE_READS`, `POLYTASK_TRACE_RANDOM`, `POLYTASK_TRACE_CLOCK`, `POLYTASK_TRACE_DISPOSED`, `POLYTASK_TRACE_CAPTURES`
 * (when a program is first run) where a program depends on more than its feeds and variables; `POLYTASK_VERIFY_FAILED`;
 * `POLYTASK_INVALID_OPTION`.
 * @example
 * ```ts
 * import { compiled } from '@polytask/compiler';
 *
 * console.log(compiled({ threads: 1 }).name); // => compiled
 * ```
 */
export function compiled(options: CompiledOptions = {}): Executor {
  const { threads = 2, verify = false, onFallback = (message: string) => console.warn(message) } = options;
  requireOption(Number.isInteger(threads) && threads > 0, 'threads', 'a positive whole number', threads);
  requireRuntime(options);
  return defineExecutor({
    name: 'compiled',
    open: async (layout) =>
      createCompiledSession(layout, { runtime: await openRuntime(options), threads, verify, onFallback }),
  });
}

/** The runtime that fits where the code runs. */
export function defaultRuntime(): 'node' | 'web' {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node === undefined ? 'web' : 'node';
}

/** Refuses a runtime that does not exist. */
export function requireRuntime({ runtime, wasmPaths }: CompiledOptions): void {
  requireOption(
    runtime === undefined || runtime === 'node' || runtime === 'web',
    'runtime',
    "'node' or 'web'",
    runtime,
  );
  requireOption(
    wasmPaths === undefined || wasmPaths.endsWith('/'),
    'wasmPaths',
    'a folder or address that ends in `/`',
    wasmPaths,
  );
}

/** Loads a runtime's package. */
export function openRuntime({
  runtime = defaultRuntime(),
  threads = 2,
  direct = true,
  wasmPaths,
}: CompiledOptions): Promise<Runtime> {
  return runtime === 'node'
    ? nodeRuntime({ direct, threads })
    : webRuntime({ threads, ...(wasmPaths === undefined ? {} : { wasmPaths }) });
}

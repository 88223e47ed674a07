import {
  defineExecutor,
  type Executor,
  type ExecutorSession,
  eager,
  type ParameterLayout,
  PolytaskError,
  type Program,
  type ProgramCall,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type CompiledOptions, compiled, defaultRuntime } from './compiled.js';
import type { Spec } from './ir/value.js';
import { loadPackage } from './runtime/load-package.js';
import { trace } from './trace/trace.js';

/** Codes of errors that say that a runtime's package cannot be used here. */
const unloadable = new Set(['POLYTASK_PACKAGE_MISSING', 'POLYTASK_PACKAGE_FAILED']);

/** Options of {@link auto}: those of {@link compiled}, and who is told about the choice. */
export interface AutoOptions extends CompiledOptions {
  /** Told once what was chosen and why. Default: `console.warn`, which goes to standard error. */
  readonly onChoice?: (message: string) => void;
}

/**
 * The fastest executor there is: `compiled()` where ONNX Runtime is installed and starts, else `eager()`: on the tfjs backend that
 * is set where that is an accelerated one (`webgl` in a page), else on `wasm` where its package is installed and has every kernel
 * that the programs need, else on `cpu`.
 *
 * @example
 * ```ts
 * import { auto } from '@polytask/compiler';
 *
 * console.log(auto().name); // => auto
 * ```
 */
export function auto(options: AutoOptions = {}): Executor {
  const { onChoice = (message: string) => console.warn(message), ...rest } = options;
  let told: string | undefined;
  const tell = (message: string) => {
    if (told !== message) onChoice(message);
    told = message;
  };
  return defineExecutor({
    name: 'auto',
    async open(layout) {
      const runtime = rest.runtime ?? defaultRuntime();
      try {
        const session = await compiled(rest).open(layout);
        tell(`Executor: compiled, by onnxruntime-${runtime}.`);
        return session;
      } catch (error) {
        if (!PolytaskError.isInstance(error) || !unloadable.has(error.code)) throw error;
        const missing = error.code === 'POLYTASK_PACKAGE_MISSING';
        const advice = missing ? `Install onnxruntime-${runtime} for speed.` : error.message;
        return openEager(layout, (choice) => tell(`Executor: eager on the ${choice}. ${advice}`));
      }
    },
  });
}

/** An eager session that looks at the kernels of every program before its first run, and leaves wasm where one is missing. */
async function openEager(layout: ParameterLayout, tell: (choice: string) => void): Promise<ExecutorSession> {
  const session = await eager().open(layout);
  await tf.ready();
  if (tf.getBackend() === 'cpu') await useWasm();
  tell(`${tf.getBackend()} backend`);
  const seen = new WeakSet<Program>();
  return {
    ...session,
    async run(program, call) {
      if (!seen.has(program) && tf.getBackend() === 'wasm') {
        const missing = missingKernel(program, call, layout);
        if (missing !== undefined) {
          await tf.setBackend('cpu');
          tell(`cpu backend, since wasm has no kernel \`${missing}\``);
        }
        seen.add(program);
      }
      return session.run(program, call);
    },
  };
}

/** Sets tfjs' `wasm` backend if its package is there. */
async function useWasm(): Promise<void> {
  const name: string = '@tensorflow/tfjs-backend-wasm';
  try {
    await loadPackage(name, () => import(/* @vite-ignore */ /* webpackIgnore: true */ name));
    if (await tf.setBackend('wasm')) return;
  } catch {
    // Not installed, or not for this platform.
  }
  await tf.setBackend('cpu');
}

/** A kernel of the program that wasm has not. */
function missingKernel(program: Program, call: ProgramCall, layout: ParameterLayout): string | undefined {
  const feeds: Record<string, Spec> = {};
  for (const [name, value] of Object.entries(call.feeds)) {
    const dtype = 'dtype' in value ? value.dtype : value.data instanceof Int32Array ? 'int32' : 'float32';
    feeds[name] = { shape: value.shape, dtype };
  }
  const segments = [...layout.segments, ...layout.stateSegments];
  const variables = new Map(segments.map(({ path, variable }) => [path, variable]));
  try {
    const { kernels } = trace({
      name: program.name,
      feeds,
      variables,
      run: (given, uniform) => program.run(given, { uniform }),
    });
    return [...kernels].find((kernel) => (tf.getKernel(kernel, 'wasm') ?? undefined) === undefined);
  } catch (error) {
    const kernel = (error as { kernel?: string }).kernel;
    if (kernel === undefined) throw error;
    return kernel;
  }
}

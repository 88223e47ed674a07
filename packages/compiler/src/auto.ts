import { type Executor, eager, type ParameterLayout, PolytaskError, type Program } from '@polytask/core';
import { defineExecutor, type ExecutorSession, type ProgramCall } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { type CompiledOptions, compiled, defaultRuntime } from './compiled.js';
import type { Spec } from './ir/value.js';
import { loadPackage } from './run/runtime/load-package.js';
import { trace } from './trace/trace.js';

/** What {@link auto} took. */
export interface ExecutorChoice {
  /** The compiled executor, or the tfjs backend on which programs run eagerly. */
  readonly name: 'compiled' | 'wasm' | 'cpu' | (string & {});
  /** Why this one and none that is faster, for people. */
  readonly reason: string;
}

/** Options of {@link auto}: those of {@link compiled}, and who hears about the choice. */
export interface AutoOptions extends CompiledOptions {
  /** Whether it may be `compiled()`. Default true; false goes on with a run that began without, where ONNX Runtime has come since. */
  readonly compile?: boolean;
  /** Told what was chosen, whenever that changes. Default: `console.warn` of the message, which goes to standard error. */
  readonly onChoice?: (message: string, choice: ExecutorChoice) => void;
}

/**
 * The fastest executor there is: `compiled()` where ONNX Runtime is installed and starts, else `eager()`: on the tfjs backend that
 * is set where that is an accelerated one (`webgl` in a page), else on `wasm` where its package is installed and has every kernel
 * that the programs need, else on `cpu`.
 *
 * @throws `POLYTASK_INVALID_OPTION`; when programs are run, as {@link compiled}.
 * @example
 * ```ts
 * import { auto } from '@polytask/compiler';
 *
 * console.log(auto().name); // => auto
 * ```
 */
export function auto(options: AutoOptions = {}): Executor {
  const { onChoice = (message: string) => console.warn(message), compile = true, ...rest } = options;
  const fastest = compiled(rest);
  let told: string | undefined;
  const tell = (choice: ExecutorChoice) => {
    const { name, reason } = choice;
    const message =
      name === 'compiled'
        ? `Executor: compiled, since ${reason}.`
        : `Executor: eager on the ${name} backend, since ${reason.replace(/\.$/, '')}.`;
    if (told !== message) onChoice(message, choice);
    told = message;
  };
  return defineExecutor({
    name: 'auto',
    async open(layout) {
      if (!compile) return openEager(layout, '`compile` is false', tell);
      const runtime = `onnxruntime-${rest.runtime ?? defaultRuntime()}`;
      try {
        const session = await fastest.open(layout);
        tell({ name: 'compiled', reason: `\`${runtime}\` is installed` });
        return session;
      } catch (error) {
        const problem = whyUnloadable(runtime, error);
        if (problem === undefined) throw error;
        return openEager(layout, problem, tell);
      }
    },
  });
}

/** What is wrong with a runtime's package; undefined for errors that are about something else. */
function whyUnloadable(runtime: string, error: unknown): string | undefined {
  if (!PolytaskError.isInstance(error)) return undefined;
  const { code, cause } = error;
  if (code === 'POLYTASK_PACKAGE_FAILED') {
    // In a page the message says what to serve.
    if (runtime === 'onnxruntime-web') return error.message;
    return `\`${runtime}\` cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
  if (code !== 'POLYTASK_PACKAGE_MISSING') return undefined;
  const hint =
    runtime === 'onnxruntime-node'
      ? ' (if its install script fails, set ONNXRUNTIME_NODE_INSTALL=skip and try again)'
      : '';
  return `\`${runtime}\` is not installed${hint}`;
}

/** An eager session that looks at the kernels of every program before its first run, and leaves wasm where one is missing. */
async function openEager(
  layout: ParameterLayout,
  problem: string,
  tell: (choice: ExecutorChoice) => void,
): Promise<ExecutorSession> {
  const session = await eager().open(layout);
  await tf.ready();
  if (tf.getBackend() === 'cpu' && !(await useWasm())) {
    await tf.setBackend('cpu');
    tell({ name: 'cpu', reason: `${problem}, nor can \`@tensorflow/tfjs-backend-wasm\` be loaded` });
    return session;
  }
  const backend = tf.getBackend();
  if (backend !== 'wasm') {
    tell({ name: backend, reason: problem });
    return session;
  }
  const seen = new WeakSet<Program>();
  return {
    ...session,
    async run(program, call) {
      if (!seen.has(program) && tf.getBackend() === 'wasm') {
        const missing = missingKernel(program, call, layout);
        if (missing === undefined) tell({ name: 'wasm', reason: problem });
        else {
          await tf.setBackend('cpu');
          tell({ name: 'cpu', reason: `${problem}, and wasm has no kernel \`${missing}\`` });
        }
        seen.add(program);
      }
      return session.run(program, call);
    },
  };
}

async function useWasm(): Promise<boolean> {
  const name: string = '@tensorflow/tfjs-backend-wasm';
  try {
    await loadPackage(name, () => import(/* @vite-ignore */ /* webpackIgnore: true */ name));
    return await tf.setBackend('wasm');
  } catch {
    return false;
  }
}

/** A kernel of the program that wasm has not. */
function missingKernel(program: Program, call: ProgramCall, layout: ParameterLayout): string | undefined {
  const feeds: Record<string, Spec> = {};
  for (const [name, value] of Object.entries(call.feeds)) {
    const dtype = 'dtype' in value ? value.dtype : value.data instanceof Int32Array ? 'int32' : 'float32';
    feeds[name] = { shape: value.shape, dtype };
  }
  const segments = [...layout.segments, ...layout.stateSegments];
  const variables = new Map(segments.map(({ path, variable }) => [variable, path]));
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

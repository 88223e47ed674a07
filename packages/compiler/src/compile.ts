import { requireOption } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type CompiledOptions, openRuntime, requireRuntime } from './compiled.js';
import { reachable } from './ir/graph.js';
import { UnsupportedKernelError } from './ir/unsupported-kernel-error.js';
import type { InputValue, Spec } from './ir/value.js';
import { compileGraph, type WantedOutput } from './run/compile-graph.js';
import { createDeviceStore, type HostDevice } from './run/device.js';
import { type CompiledFunction, type FunctionOutput, replay } from './run/replay.js';
import { arrayFor, type FedInputs, runEagerly, type Signature } from './run/signature.js';
import { createVariableState, materialise } from './run/variable-state.js';
import { engine } from './trace/engine.js';
import { trace } from './trace/trace.js';

/** An ordinary tfjs function of named tensors: it may take gradients, call optimizers, assign variables. */
export type CompilableFunction = (inputs: {
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the ranks, which a signature does not say in types.
  readonly [name: string]: any;
}) => tf.Tensor | { readonly [name: string]: tf.Tensor };

/** Options of {@link compile}. */
export interface CompileOptions extends CompiledOptions {
  /** Named in errors. Default: the function's name. */
  readonly name?: string;
}

/**
 * A float32 input of a signature.
 *
 * @example
 * ```ts
 * import { float32 } from '@polytask/compiler';
 *
 * console.log(float32(32, 784).shape); // => [ 32, 784 ]
 * ```
 */
export function float32(...shape: number[]): Spec {
  return { shape, dtype: 'float32' };
}

/**
 * An int32 input of a signature.
 *
 * @example
 * ```ts
 * import { int32 } from '@polytask/compiler';
 *
 * console.log(int32(32).dtype); // => int32
 * ```
 */
export function int32(...shape: number[]): Spec {
  return { shape, dtype: 'int32' };
}

/**
 * Compiles a tfjs function. It is run once on a backend that records (twice where it makes variables, as an optimizer's first
 * step does), never to compute: what it assigns to variables becomes state that `run` carries along and `sync` writes back.
 *
 * @remarks Numbers of JavaScript are frozen: a learning rate that changes has to be an input. `verify` compares the first run
 * with eager execution, which for an optimizer with counters in JavaScript counts one step more.
 * @param fn What to compile.
 * @param signature Its inputs.
 * @throws `POLYTASK_TRACE_READS`, `POLYTASK_TRACE_RANDOM`, `POLYTASK_TRACE_CLOCK`, `POLYTASK_TRACE_DISPOSED` where the function
 * depends on more than its inputs and variables; `POLYTASK_PACKAGE_MISSING`; `POLYTASK_VERIFY_FAILED` (from `run`).
 * @example
 * ```ts
 * import { compile, float32 } from '@polytask/compiler';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const w = tf.variable(tf.zeros([2, 1]));
 * const optimizer = tf.train.sgd(0.1);
 * const step = await compile(
 *   ({ x, y }) => ({ loss: optimizer.minimize(() => tf.losses.meanSquaredError(y, tf.matMul(x, w)), true, [w])! }),
 *   { x: float32(4, 2), y: float32(4, 1) },
 * );
 * const { loss } = await step.run({ x: Float32Array.of(0, 1, 1, 0, 1, 1, 0, 0), y: Float32Array.of(1, 2, 3, 0) });
 * console.log(loss?.data[0]); // => 3.5
 * step.sync();
 * await step.dispose();
 * ```
 */
export async function compile(
  fn: CompilableFunction,
  signature: Signature,
  options: CompileOptions = {},
): Promise<CompiledFunction> {
  const { threads = 2, verify = false, onFallback = (message: string) => console.warn(message) } = options;
  requireOption(Number.isInteger(threads) && threads > 0, 'threads', 'a positive whole number', threads);
  requireRuntime(options);
  const name = options.name ?? (fn.name === '' ? 'the function' : fn.name);
  const named = (inputs: { readonly [input: string]: tf.Tensor }) => {
    const found = fn(inputs);
    return found instanceof tf.Tensor ? { result: found } : found;
  };
  const record = (makesVariables: boolean) => {
    const registered = Object.entries(engine().state.registeredVariables);
    const variables = new Map(registered.map(([key, variable]) => [variable, `variable/${key}`]));
    return trace({ name, feeds: signature, variables, makesVariables, run: named });
  };
  const runtime = await openRuntime(options);
  try {
    let traced = record(true);
    if (traced.made.size > 0) {
      for (const [variable, initial] of traced.made) materialise(variable, initial);
      traced = record(false);
    }
    const { inputs, assigned } = traced;
    const given = [...traced.outputs].map(
      ([output, value]): Wanted => ({ value, role: { kind: 'result', name: output } }),
    );
    const next = [...assigned].map(([variable, value]): Wanted => ({ value, role: { kind: 'next', variable } }));
    const outputs = [...given, ...next];
    const used = new Set(assigned.keys());
    for (const value of reachable(outputs.map((one) => one.value))) {
      const role = inputs.get(value);
      if (role?.kind === 'variable') used.add(role.variable);
    }
    const store = createDeviceStore();
    const state = createVariableState(used, store);
    const sourceOf = (input: InputValue) => {
      const role = inputs.get(input);
      if (role?.kind === 'variable') return () => (state.tensors.get(role.variable) as HostDevice).data;
      return (fed: FedInputs) => arrayFor(signature, (role as { feed: string }).feed, fed);
    };
    const graph = await compileGraph({ name, graph: traced.graph, outputs, runtime, threads, sourceOf });
    return replay({ name, graph, state, store, verify, eagerly: (fed) => runEagerly(named, signature, fed) });
  } catch (error) {
    if (!(error instanceof UnsupportedKernelError)) throw error;
    onFallback(
      `Function \`${name}\` runs eagerly, which is slower: kernel \`${error.kernel}\` has no compiled equivalent.`,
      { program: name, kernel: error.kernel },
    );
    const nothing = () => {};
    return {
      run: (inputs) => runEagerly(named, signature, inputs),
      sync: nothing,
      load: nothing,
      operators: new Map(),
      dispose: async () => {},
    };
  }
}

type Wanted = WantedOutput<FunctionOutput>;

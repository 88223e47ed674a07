import { type HostTensor, requireOption, UnknownNameError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type CompiledOptions, defaultRuntime, openRuntime } from './compiled.js';
import { type CompiledGraph, compileGraph, type HostArray } from './executor/compile-graph.js';
import { checked } from './executor/device.js';
import { createVariableState, materialise, type VariableState } from './executor/variable-state.js';
import { compareArrays } from './executor/verify.js';
import { type DType, reachable, type Spec, type Value } from './ir/index.js';
import type { RuntimeTensor } from './runtime/runtime.js';
import { engine } from './trace/engine.js';
import { trace } from './trace/trace.js';
import { UnsupportedKernelError } from './unsupported-kernel-error.js';

/** An ordinary tfjs function of named tensors: it may take gradients, call optimizers, assign variables. */
export type CompilableFunction = (inputs: { readonly [name: string]: any }) => tf.Tensor | { readonly [name: string]: tf.Tensor };

/** Shapes and dtypes of the inputs, by name. */
export type Signature = { readonly [name: string]: Spec };

/** What is fed for one input: an array of the right length, a tensor on the host, or a number for a scalar. */
export type Fed = HostArray | HostTensor | number;

/** Options of {@link compile}. */
export interface CompileOptions extends CompiledOptions {
  /** Named in errors. Default: the function's name. */
  readonly name?: string;
}

/** A compiled function with the state of its variables. */
export interface CompiledFunction {
  /** Runs it once. A function that gives one tensor gives it as `result`. */
  run(inputs: { readonly [input: string]: Fed }): Promise<{ readonly [output: string]: HostTensor }>;
  /** Writes the state back to the `tf.Variable`s, for checkpoints and eager code. */
  sync(): void;
  /** Takes the state from the `tf.Variable`s, after eager code has changed them. */
  load(): void;
  /** ONNX nodes of the graph; 0 where the function runs eagerly. */
  readonly nodes: number;
  /** Releases the graph. The variables stay, with what `sync` wrote last. */
  dispose(): Promise<void>;
}

/**
 * A float32 input of a signature.
 *
 * @example
 * ```ts
 * import { float32 } from '@polytask/compiler';
 *
 * console.log(float32(32, 784).shape); // => [32, 784]
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
  const name = options.name ?? (fn.name === '' ? 'the function' : fn.name);
  const named = (inputs: { readonly [input: string]: tf.Tensor }) => {
    const found = fn(inputs);
    return found instanceof tf.Tensor ? { result: found } : found;
  };
  const record = (makesVariables: boolean) => {
    const registered = Object.entries(engine().state.registeredVariables);
    const variables = new Map(registered.map(([key, variable]) => [`variable/${key}`, variable]));
    return { variables, ...trace({ name, feeds: signature, variables, makesVariables, run: named }) };
  };
  const runtime = await openRuntime(options.runtime ?? defaultRuntime());
  try {
    let traced = record(true);
    if (traced.made.size > 0) {
      for (const [variable, initial] of traced.made) materialise(variable, initial);
      traced = record(false);
    }
    const outputs = new Map<string, Value>();
    for (const [output, value] of traced.outputs) outputs.set(`output/${output}`, value);
    for (const [variable, value] of traced.assigned) outputs.set(`next/${variable}`, value);
    const used = new Set(reachable([...outputs.values()]).flatMap((value) => (value.kind === 'input' ? [value.name] : [])));
    const state = createVariableState(
      new Map([...traced.variables].filter(([key]) => used.has(key) || traced.assigned.has(key))),
    );
    const sharedWith = new Map([...traced.assigned.keys()].map((key) => [`next/${key}`, [key]]));
    const graph = await compileGraph({ name, graph: traced.graph, outputs, runtime, threads, sharedWith });
    return replay({ name, graph, state, signature, verify, eagerly: (inputs) => runEagerly(named, signature, inputs) });
  } catch (error) {
    if (!(error instanceof UnsupportedKernelError)) throw error;
    onFallback(`Function \`${name}\` runs eagerly, which is slower: kernel \`${error.kernel}\` has no compiled equivalent.`);
    const nothing = () => {};
    return { run: (inputs) => runEagerly(named, signature, inputs), sync: nothing, load: nothing, nodes: 0, dispose: async () => {} };
  }
}

interface Replay {
  readonly name: string;
  readonly graph: CompiledGraph;
  readonly state: VariableState;
  readonly signature: Signature;
  readonly verify: boolean;
  eagerly(inputs: { readonly [input: string]: Fed }): Promise<{ readonly [output: string]: HostTensor }>;
}

function replay({ name, graph, state, signature, verify, eagerly }: Replay): CompiledFunction {
  let verified = !verify;

  async function runOnce(inputs: { readonly [input: string]: Fed }): Promise<Record<string, HostTensor>> {
    const source = (input: string): HostArray => {
      const view = graph.views.get(input);
      if (view !== undefined) return source(view.source).subarray(view.offset, view.offset + view.size);
      if (!input.startsWith('feed/')) return state.get(input);
      return arrayFor(signature, input.slice('feed/'.length), inputs);
    };
    const results = new Map<string, HostArray>();
    for (const [output, shortcut] of graph.shortcuts) {
      results.set(output, ('data' in shortcut ? shortcut.data : source(shortcut.input)).slice());
    }
    if (graph.session !== undefined) {
      const feeds: Record<string, RuntimeTensor> = {};
      for (const { name: input, shape } of graph.inputs) {
        const data = source(input);
        feeds[input] = { type: data instanceof Int32Array ? 'int32' : 'float32', shape, data };
      }
      const fetches: Record<string, RuntimeTensor | null> = {};
      for (const [output, { shape, dtype }] of graph.outputs) {
        if (graph.shortcuts.has(output)) continue;
        const variable = output.startsWith('next/') ? output.slice('next/'.length) : undefined;
        fetches[output] =
          variable === undefined
            ? null
            : { type: dtype, shape, data: state.target(variable, graph.inPlace.has(output)) };
      }
      const found = await graph.session.run(feeds, fetches);
      for (const [output, tensor] of Object.entries(found)) {
        results.set(output, (fetches[output]?.data ?? tensor.data) as HostArray);
      }
    }
    const host: Record<string, HostTensor> = {};
    for (const [output, { shape }] of graph.outputs) {
      const data = results.get(output) as HostArray;
      if (output.startsWith('next/')) state.commit(output.slice('next/'.length), data);
      else host[output.slice('output/'.length)] = { data, shape };
    }
    return host;
  }

  async function runVerified(inputs: { readonly [input: string]: Fed }): Promise<Record<string, HostTensor>> {
    state.sync();
    const expected = await eagerly(inputs);
    const after = new Map([...state.variables].map(([key, variable]) => [key, variable.dataSync().slice() as HostArray]));
    state.sync();
    const found = await runOnce(inputs);
    for (const [output, { data }] of Object.entries(found)) {
      compareArrays(`output \`${output}\` of \`${name}\``, expected[output]?.data as HostArray, data);
    }
    for (const [key, data] of after) compareArrays(`\`${key}\` after \`${name}\``, data, state.get(key));
    verified = true;
    return found;
  }

  return {
    run: (inputs) => (verified ? runOnce(inputs) : runVerified(inputs)),
    sync: () => state.sync(),
    load: () => state.load(),
    nodes: graph.onnx?.nodes.length ?? 0,
    dispose: async () => graph.session?.dispose(),
  };
}

async function runEagerly(
  fn: (inputs: { readonly [input: string]: tf.Tensor }) => { readonly [output: string]: tf.Tensor },
  signature: Signature,
  inputs: { readonly [input: string]: Fed },
): Promise<Record<string, HostTensor>> {
  const found = tf.tidy(() => {
    const tensors = Object.entries(signature).map(([key, { shape, dtype }]) => [
      key,
      tf.tensor(arrayFor(signature, key, inputs), [...shape], dtype),
    ]);
    // A result may be a variable, which is not ours to dispose of.
    const given = Object.entries(fn(Object.fromEntries(tensors)));
    return Object.fromEntries(given.map(([output, tensor]) => [output, tf.clone(tensor)]));
  });
  const host: Record<string, HostTensor> = {};
  for (const [output, tensor] of Object.entries(found)) {
    host[output] = { data: (await tensor.data()).slice() as HostArray, shape: tensor.shape };
  }
  tf.dispose(found);
  return host;
}

/** The array of an input, checked against the signature. */
function arrayFor(signature: Signature, name: string, inputs: { readonly [input: string]: Fed }): HostArray {
  const { shape, dtype } = signature[name] as Spec;
  const value = inputs[name];
  if (value === undefined) throw new UnknownNameError('input', name, Object.keys(inputs));
  const wanted = dtype as DType;
  if (typeof value === 'number') return checked(wanted === 'int32' ? Int32Array.of(value) : Float32Array.of(value), shape);
  const data = ArrayBuffer.isView(value) ? value : value.data;
  requireOption(
    wanted === 'int32' ? data instanceof Int32Array : data instanceof Float32Array,
    `inputs.${name}`,
    `numbers of dtype ${wanted}`,
    data.constructor.name,
  );
  return checked(data, shape);
}

import { PolytaskError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import type { Graph } from '../ir/graph.js';
import { UnsupportedKernelError } from '../ir/unsupported-kernel-error.js';
import {
  type Attributes,
  type Constant,
  constantData,
  type DType,
  isConstant,
  sizeOf,
  type Value,
} from '../ir/value.js';
import { engine } from './engine.js';
import { traceRules } from './rules/all-rules.js';
import { atSourceLine } from './source-line.js';

/** Name of the backend that records instead of computing. */
export const traceBackendName = 'polytask-trace';

/** Constants up to this many entries are computed while tracing. */
const largestFold = 1 << 14;

/** Kernels whose result depends on more than inputs and attributes, or that are cheaper as symbols. */
const neverFold = new Set(['Multinomial', 'Fill', 'ZerosLike', 'OnesLike', 'Tile', 'RandomUniformInt']);

/** What is being recorded: the graph, and which value each piece of tfjs data stands for. */
export interface Recording {
  readonly graph: Graph;
  readonly program: string;
  /** What data made while recording stands for. */
  readonly values: WeakMap<object, Value>;
  /** What data from before stands for: variables, and captured tensors once they have been seen. */
  readonly bound: Map<object, Value>;
  /** Kernels that the program called. */
  readonly kernels: Set<string>;
  /** Errors that could not be thrown where they happened. */
  readonly refusals: unknown[];
  /** The value of data that the program did not make; throws where that is not allowed. */
  capture(dataId: object, shape: readonly number[], dtype: string): Value;
}

/** The backend: it hands out data ids, counts references as tfjs expects, and knows values by data id. */
class TraceBackend extends tf.KernelBackend {
  recording: Recording | undefined;
  readonly #references = new Map<object, number>();

  override write(values: unknown, shape: number[], dtype: string): object {
    return this.own(
      this.current().graph.constant(copyOf(values, dtype, sizeOf(shape)), { shape, dtype: dtype as DType }),
    );
  }
  override move(dataId: object, values: unknown, shape: number[], dtype: string, references: number): void {
    this.#references.set(dataId, references);
    const value = this.current().graph.constant(copyOf(values, dtype, sizeOf(shape)), { shape, dtype: dtype as DType });
    this.current().values.set(dataId, value);
  }
  override readSync(dataId: object): tf.TypedArray {
    const value = this.recording?.values.get(dataId);
    if (value !== undefined && isConstant(value)) return constantData(value).slice() as tf.TypedArray;
    throw readError(this.recording?.program ?? 'a program', value);
  }
  override async read(dataId: object): Promise<tf.TypedArray> {
    return this.readSync(dataId);
  }
  override refCount(dataId: object): number {
    return this.#references.get(dataId) ?? 0;
  }
  override incRef(dataId: object): void {
    this.#references.set(dataId, this.refCount(dataId) + 1);
  }
  override disposeData(dataId: object, force = false): boolean {
    const left = this.refCount(dataId) - 1;
    if (!force && left > 0) {
      this.#references.set(dataId, left);
      return false;
    }
    this.#references.delete(dataId);
    return true;
  }
  override numDataIds(): number {
    return this.#references.size;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override dispose(): void {}

  /** Data that stands for a value. */
  own(value: Value): object {
    const dataId = {};
    this.#references.set(dataId, 1);
    this.current().values.set(dataId, value);
    return dataId;
  }
  current(): Recording {
    if (this.recording === undefined) {
      throw new PolytaskError(
        'POLYTASK_TRACE_ESCAPED',
        'A tensor of a compiled program was used after the program had been traced. Give it as an output instead of keeping it.',
      );
    }
    return this.recording;
  }
  has(dataId: object): boolean {
    return this.#references.has(dataId);
  }
}

/** An error for a program that looks at numbers that exist only later. */
export function readError(program: string, value: Value | undefined): PolytaskError {
  const what =
    value?.kind === 'node'
      ? `the result of \`${value.op}\``
      : value?.kind === 'input'
        ? `\`${value.name}\``
        : 'a tensor';
  return new PolytaskError(
    'POLYTASK_TRACE_READS',
    `A compiled program must not read tensors (dataSync, arraySync, data, array, print), but \`${program}\` read ${what}` +
      `${atSourceLine()}. It is run once to record what it does, when there are no numbers yet. Compute with tensors ` +
      '(`tf.where` in place of `if`), or give the tensor as an output.',
  );
}

let backend: TraceBackend | undefined;

/** The trace backend, registered with tfjs on first use; no other backend is ever replaced by it. */
export function traceBackend(): TraceBackend {
  if (backend !== undefined) return backend;
  const made = new TraceBackend();
  backend = made;
  const kernels = new Set([
    ...Object.keys(traceRules),
    ...(tf.getKernelsForBackend('cpu') ?? []).map(({ kernelName }) => kernelName),
  ]);
  for (const kernelName of kernels) {
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs, attrs }) =>
        record(made, kernelName, inputs as tf.NamedTensorInfoMap, (attrs ?? {}) as Attributes),
    });
  }
  return made;
}

/** Records one kernel. */
function record(
  made: TraceBackend,
  kernel: string,
  inputs: tf.NamedTensorInfoMap,
  attributes: Attributes,
): tf.TensorInfo | tf.TensorInfo[] {
  const recording = made.current();
  recording.kernels.add(kernel);
  const named: Record<string, Value> = {};
  for (const [name, info] of Object.entries(inputs)) {
    if (info !== undefined && info !== null) named[name] = resolveValue(recording, kernel, info);
  }
  const found = apply(recording, kernel, named, Array.isArray(inputs), attributes);
  const toInfo = (value: Value): tf.TensorInfo => ({
    dataId: made.own(value) as tf.DataId,
    shape: [...value.shape],
    dtype: value.dtype,
  });
  return Array.isArray(found) ? found.map(toInfo) : toInfo(found as Value);
}

function apply(
  recording: Recording,
  kernel: string,
  inputs: Record<string, Value>,
  variadic: boolean,
  attributes: Attributes,
): Value | readonly Value[] {
  const { graph } = recording;
  const given = Object.values(inputs);
  if (!neverFold.has(kernel) && given.length > 0 && given.every(isConstant)) {
    if (given.every((one) => sizeOf(one.shape) <= largestFold)) {
      const results = fold(graph, kernel, given as Constant[], attributes, variadic ? null : Object.keys(inputs));
      if (results !== undefined) return results;
    }
  }
  const rule = traceRules[kernel];
  if (rule === undefined) throw new UnsupportedKernelError(kernel, atSourceLine());
  return rule({ graph, inputs, attributes });
}

function fold(graph: Graph, kernel: string, inputs: Constant[], attributes: Attributes, names: string[] | null) {
  if (tf.getKernel(kernel, 'cpu') === undefined) return undefined;
  return graph.evaluate(kernel, inputs, attributes, names);
}

/** The value that a tensor stands for, when `kernel` uses it. */
export function resolveValue(recording: Recording, kernel: string, info: tf.TensorInfo): Value {
  const bound = recording.bound.get(info.dataId);
  if (bound !== undefined) return bound;
  const made = recording.values.get(info.dataId);
  if (made !== undefined && traceBackend().has(info.dataId)) return made;
  if (made !== undefined || engine().state.tensorInfo.get(info.dataId) === undefined) {
    throw new PolytaskError(
      'POLYTASK_TRACE_DISPOSED',
      `A tensor must be used before it is disposed of, but \`${recording.program}\` gave \`${kernel}\` one of shape ` +
        `[${info.shape.join(', ')}] that was gone${atSourceLine()}. Dispose of tensors after their last use, and use tf.keep ` +
        'for what has to outlive a tf.tidy.',
    );
  }
  const captured = recording.capture(info.dataId, info.shape, info.dtype);
  recording.bound.set(info.dataId, captured);
  return captured;
}

function copyOf(values: unknown, dtype: string, length: number): Float32Array | Int32Array | Uint8Array {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    throw new UnsupportedKernelError(`a tensor of dtype ${dtype}`, atSourceLine());
  const numbers = (values ?? { length }) as ArrayLike<number>;
  return dtype === 'float32'
    ? Float32Array.from(numbers)
    : dtype === 'int32'
      ? Int32Array.from(numbers)
      : Uint8Array.from(numbers);
}

import { sizeOf } from '../../ir/value.js';
import type { OnnxData } from '../../lower/onnx/graph.js';
import type { Tail } from '../../rewrite/find-tail.js';
import type { HostArray } from '../host-array.js';
import type { Runtime, RuntimeSession, RuntimeTensor, RuntimeTensors } from '../runtime/runtime.js';
import type { FlatMemory } from './flat-memory.js';
import { tailModule, tailNames } from './tail-module.js';

/** An output of the part before a tail. */
export interface ComputedPart {
  readonly output: string;
  readonly shape: readonly number[];
}

/** Where a tail finds a vector or a number: an input of the program, or outputs of the part before it. */
export type TailSource = { readonly input: string } | { readonly computed: readonly ComputedPart[] };

/** What {@link tailModule} describes, on a memory. */
export type TailFunction = (...parameters: number[]) => void;

/** A tail's function; undefined where WebAssembly does not work on four numbers at a time, or is not allowed. */
export async function tailFunction(tail: Tail, { memory }: FlatMemory): Promise<TailFunction | undefined> {
  const module = tailModule(tail);
  if (!WebAssembly.validate(module)) return undefined;
  const imports = { [tailNames.module]: { [tailNames.memory]: memory } };
  try {
    const { instance } = await WebAssembly.instantiate(module, imports);
    return instance.exports[tailNames.run] as TailFunction;
  } catch {
    return undefined;
  }
}

/** What {@link tailSession} needs. */
export interface TailParts {
  readonly tail: Tail;
  readonly work: TailFunction;
  readonly arrays: readonly TailSource[];
  readonly scalars: readonly TailSource[];
  /** The part before it; missing where nothing is left of the program. */
  readonly before: { readonly session: RuntimeSession; readonly inputs: readonly string[] } | undefined;
  readonly memory: FlatMemory;
  readonly runtime: Runtime;
}

/**
 * A program whose tail is done by one WebAssembly function after the rest has run: each vector is read and written once. Vectors that
 * lie in the memory are worked on where they are; others are copied there and back.
 */
export function tailSession({ tail, work, arrays, scalars, before, memory, runtime }: TailParts): RuntimeSession {
  const computed: Record<string, RuntimeTensor> = {};
  for (const [i, source] of arrays.entries()) if ('computed' in source) bindParts(source.computed, memory.scratch(i));
  const numbers = scalars.map((source) => {
    const data = new Float32Array(1);
    if ('computed' in source) bindParts(source.computed, data);
    return data;
  });
  const outputs = [...tail.outputs.keys()];

  /** Has the part before write parts of a vector to their places. */
  function bindParts(parts: readonly ComputedPart[], whole: Float32Array): void {
    let at = 0;
    for (const { output, shape } of parts) {
      const size = sizeOf(shape);
      computed[output] = { type: 'float32', shape, data: whole.subarray(at, at + size) };
      at += size;
    }
  }

  /** Where an array of the call lies, or where it was copied to. */
  function placeOfInput(data: OnnxData, i: number): number {
    const place = memory.placeOf(data);
    if (place !== undefined) return place;
    memory.scratch(i).set(data as Float32Array);
    return memory.placeOf(memory.scratch(i)) as number;
  }

  function finish(feeds: RuntimeTensors, fetches: Readonly<Record<string, RuntimeTensor | null>>): RuntimeTensors {
    const parameters = [memory.stride];
    for (const [i, source] of arrays.entries()) {
      const data = 'input' in source ? (feeds[source.input] as RuntimeTensor).data : memory.scratch(i);
      parameters.push(placeOfInput(data, i));
    }
    const written: { output: string; data: HostArray; copiedFrom: Float32Array | undefined }[] = [];
    for (const [i, output] of outputs.entries()) {
      const data =
        output in fetches ? ((fetches[output]?.data ?? new Float32Array(tail.size)) as HostArray) : undefined;
      const place = data && memory.placeOf(data);
      const scratch = memory.scratch(arrays.length + i);
      parameters.push(place ?? (memory.placeOf(scratch) as number));
      if (data !== undefined) written.push({ output, data, copiedFrom: place === undefined ? scratch : undefined });
    }
    for (const [i, source] of scalars.entries()) {
      const data = 'input' in source ? (feeds[source.input] as RuntimeTensor).data : (numbers[i] as Float32Array);
      parameters.push(data[0] as number);
    }
    runtime.flushDenormals(() => work(...parameters));
    const results: RuntimeTensors = {};
    for (const { output, data, copiedFrom } of written) {
      if (copiedFrom !== undefined) data.set(copiedFrom);
      results[output] = { type: 'float32', shape: [tail.size], data };
    }
    return results;
  }

  async function run(feeds: RuntimeTensors, fetches: Readonly<Record<string, RuntimeTensor | null>>) {
    const fetched: Record<string, RuntimeTensor | null> = { ...computed };
    for (const output in fetches)
      if (!tail.outputs.has(output)) fetched[output] = fetches[output] as RuntimeTensor | null;
    const found: RuntimeTensors = {};
    if (before !== undefined) {
      const fed: RuntimeTensors = {};
      for (const name of before.inputs) fed[name] = feeds[name] as RuntimeTensor;
      const results = await before.session.run(fed, fetched);
      for (const output in results) if (!(output in computed)) found[output] = results[output] as RuntimeTensor;
    }
    return Object.assign(found, finish(feeds, fetches));
  }

  return {
    run: (feeds, fetches) => memory.alone(() => run(feeds, fetches)),
    dispose: async () => before?.session.dispose(),
  };
}

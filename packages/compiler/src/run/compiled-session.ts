import {
  type DeviceTensor,
  type HostTensor,
  type ParameterLayout,
  type ParameterSet,
  PolytaskError,
  type Program,
  type ProgramResult,
  type Segment,
  ShapeMismatchError,
} from '@polytask/core';
import type { ExecutorSession, ProgramCall } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { sameShape } from '../ir/value.js';
import type { GraphOutput } from './compile-graph.js';
import { checked, createDeviceStore, type HostDevice } from './device.js';
import { createEagerFallback } from './eager-fallback.js';
import { createHeldTensors } from './held-tensors.js';
import type { HostArray } from './host-array.js';
import { type CompiledProgram, createProgramCache, type ProgramOutput } from './program-cache.js';
import { runGraph } from './run-graph.js';
import type { Runtime } from './runtime/runtime.js';
import { createFlatMemory } from './tail/flat-memory.js';
import { compareResults } from './verify.js';

/** A program that is not compiled. */
export interface Fallback {
  readonly program: string;
  /** The kernel that has no compiled equivalent, where that is why. */
  readonly kernel?: string;
}

/** Settings of a session. */
export interface CompiledSessionOptions {
  readonly runtime: Runtime;
  readonly threads: number;
  readonly verify: boolean;
  onFallback(message: string, fallback: Fallback): void;
}

/** A session that compiles programs on their first call and replays them. Device tensors are arrays in memory. */
export function createCompiledSession(layout: ParameterLayout, options: CompiledSessionOptions): ExecutorSession {
  const { runtime, threads, verify } = options;
  const memory = createFlatMemory(layout.size);
  const store = createDeviceStore(memory);
  const tensors = createHeldTensors(store, runtime, threads);
  const fallback = createEagerFallback(layout, store, tensors.numbersOf);
  const verified = new WeakSet<CompiledProgram>();
  let disposed = false;
  const cache = createProgramCache({
    layout,
    runtime,
    threads,
    memory,
    store,
    onRefused: (program, reason) => {
      const kernel = (reason as { kernel?: string }).kernel;
      const why = kernel === undefined ? reason.message : `kernel \`${kernel}\` has no compiled equivalent`;
      options.onFallback(`Program \`${program.name}\` runs eagerly, which is slower: ${why}.`, {
        program: program.name,
        ...(kernel === undefined ? {} : { kernel }),
      });
    },
  });

  async function runCompiled(made: CompiledProgram, program: Program, call: ProgramCall): Promise<ProgramResult> {
    const { graph } = made;
    for (const output of graph.outputs) {
      const target = targetOf(output, call);
      if (typeof target === 'object') checkTarget(program, output, store.inside(target));
    }
    const taken: HostArray[] = [];
    const placeOf = (output: Output): HostArray | undefined => {
      const target = targetOf(output, call);
      if (target === 'hold') {
        const data = store.take(output.dtype, output.size);
        taken.push(data);
        return data;
      }
      // What is given is written when the graph has run: it may read what is overwritten.
      if (typeof target !== 'object' || output.given !== undefined) return undefined;
      return store.target(store.inside(target), output.inPlace);
    };
    try {
      return settle(made, call, await runGraph(graph, call, placeOf));
    } catch (error) {
      for (const data of taken) store.putBack(data);
      throw error;
    }
  }

  /** Puts results where the call wants them. */
  function settle({ graph, held }: CompiledProgram, call: ProgramCall, results: readonly HostArray[]): ProgramResult {
    const host: Record<string, HostTensor> = {};
    const device: Record<string, DeviceTensor> = {};
    const leaves = new Map<string, HostArray[]>([...held.keys()].map((name) => [name, []]));
    for (const [i, output] of graph.outputs.entries()) {
      const data = results[i] as HostArray;
      const { role, shape } = output;
      if (role.kind === 'leaf') {
        (leaves.get(role.name) as HostArray[])[role.leaf] = data;
        continue;
      }
      if (role.kind === 'statistic') {
        store.inside((call.parameters as ParameterSet).state).data.set(data, role.segment.offset);
        continue;
      }
      const target = call.outputs[role.name];
      if (target === 'read') host[role.name] = { data, shape };
      else if (target === 'hold') device[role.name] = store.own(data, shape);
      else if (output.given === undefined) store.commit(store.inside(target as DeviceTensor), data);
      else store.inside(target as DeviceTensor).data.set(data);
    }
    for (const [name, form] of held) device[name] = store.hold({ form, leaves: leaves.get(name) as HostArray[] });
    return { host, device };
  }

  async function run(program: Program, call: ProgramCall): Promise<ProgramResult> {
    if (disposed) throw released(program);
    const overwritten = Object.values(call.outputs).filter((target) => typeof target !== 'string');
    for (const handle of [...overwritten, ...Object.values(call.parameters ?? {})]) {
      if (store.inside(handle).held !== undefined) await tensors.makePlain(handle);
    }
    const made = await cache.find(program, call);
    if (disposed) {
      // It may have been compiled since.
      if (!(made instanceof Error)) void made.graph.session?.dispose();
      throw released(program);
    }
    if (made instanceof Error) return fallback.run(program, call);
    if (!verify || verified.has(made)) return runCompiled(made, program, call);
    const expected = await fallback.compute(program, call);
    const result = await runCompiled(made, program, call);
    await compareResults(program.name, expected, call, result, tensors.numbersOf);
    verified.add(made);
    return result;
  }

  return {
    run,
    upload: (value) => store.upload(value),
    write(target, value) {
      const inside = store.inside(target);
      if (!sameShape(inside.shape, value.shape)) {
        throw new ShapeMismatchError('What is written to a device tensor', inside.shape, value.shape);
      }
      const data = checked(value.data, value.shape);
      if (inside.held === undefined) inside.data.set(data);
      else {
        store.letGo(inside);
        inside.data = store.copy(data);
      }
    },
    async download(handle) {
      const data = await tensors.numbersOf(handle);
      return { data: data.slice() as HostArray, shape: handle.shape };
    },
    release: (handle) => store.release(handle),
    async sync(parameters) {
      await tensors.makePlain(parameters.values);
      await tensors.makePlain(parameters.state);
      fillVariables(store.inside(parameters.values).data, layout.segments);
      fillVariables(store.inside(parameters.state).data, layout.stateSegments);
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      store.clear();
      fallback.dispose();
      tensors.dispose();
      for (const { graph } of cache.all()) void graph.session?.dispose();
    },
  };
}

function released(program: Program): PolytaskError {
  return new PolytaskError('POLYTASK_RELEASED', `Program \`${program.name}\` was run after dispose().`);
}

/** Assigns parts of a flat vector to variables. */
function fillVariables(flat: HostArray, segments: readonly Segment[]): void {
  for (const { variable, offset, size, shape } of segments) {
    const tensor = tf.tensor(flat.slice(offset, offset + size), [...shape], 'float32');
    variable.assign(tensor);
    tensor.dispose();
  }
}

type Output = GraphOutput<ProgramOutput, ProgramCall>;

/** What a call wants to be done with an output; undefined for a statistic. */
function targetOf({ role }: Output, call: ProgramCall): ProgramCall['outputs'][string] | undefined {
  if (role.kind === 'leaf') return 'hold';
  return role.kind === 'result' ? call.outputs[role.name] : undefined;
}

function checkTarget(program: Program, { role, shape, dtype }: Output, handle: HostDevice): void {
  if (handle.dtype === dtype && sameShape(handle.shape, shape)) return;
  throw new PolytaskError(
    'POLYTASK_SHAPE_MISMATCH',
    `An output must fit the device tensor that it overwrites, but \`${(role as { name: string }).name}\` of program ` +
      `\`${program.name}\` is ${dtype} [${shape.join(', ')}] and the tensor ${handle.dtype} [${handle.shape.join(', ')}].`,
  );
}

import {
  type DeviceTensor,
  type ExecutorSession,
  type HostTensor,
  type ParameterLayout,
  type ParameterSet,
  PolytaskError,
  type Program,
  type ProgramCall,
  type ProgramResult,
  type Segment,
  ShapeMismatchError,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { sameShape } from '../ir/value.js';
import { createCallInputs } from './call-inputs.js';
import { feedsOf } from './compile-graph.js';
import { checked, createDeviceStore, type HostDevice } from './device.js';
import { createEagerFallback } from './eager-fallback.js';
import { createHeldTensors } from './held-tensors.js';
import type { HostArray } from './host-array.js';
import { type CompiledProgram, createProgramCache } from './program-cache.js';
import type { Runtime, RuntimeTensor } from './runtime/runtime.js';
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
  const inputs = createCallInputs(layout, store);
  let disposed = false;
  const cache = createProgramCache({
    layout,
    runtime,
    threads,
    memory,
    formOf: (handle) => store.inside(handle).held?.form,
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
    for (const { output, name, shape, dtype } of made.outputs) {
      const target = name === undefined ? undefined : call.outputs[name];
      if (typeof target === 'object') checkTarget(program, output, store.inside(target), shape, dtype);
    }
    const results = new Map<string, HostArray>();
    const taken: HostArray[] = [];
    const keep = (data: HostArray) => {
      taken.push(data);
      return data;
    };
    for (const { output, name, statistic } of made.outputs) {
      const shortcut = graph.shortcuts.get(output);
      if (shortcut === undefined) continue;
      const data = 'data' in shortcut ? shortcut.data : inputs.arrayOf(made, program, call, shortcut.input);
      // Only what stays here is an array of the store's.
      const stays = name === undefined ? statistic === undefined : call.outputs[name] === 'hold';
      results.set(output, stays ? keep(store.copy(data)) : (data.slice() as HostArray));
    }
    const targets = new Map<string, { handle: HostDevice; buffer: HostArray }>();
    if (graph.session !== undefined) {
      const feeds = feedsOf(graph, (name) => inputs.arrayOf(made, program, call, name));
      const fetches: Record<string, RuntimeTensor | null> = {};
      for (const { output, name, statistic, shape, dtype, size } of made.outputs) {
        if (graph.shortcuts.has(output)) continue;
        const target = name === undefined ? undefined : call.outputs[name];
        const isLeaf = name === undefined && statistic === undefined;
        if (target === 'hold' || isLeaf) {
          fetches[output] = { type: dtype, shape, data: keep(store.take(dtype, size)) };
          continue;
        }
        fetches[output] = null;
        if (target === undefined || target === 'read') continue;
        const handle = store.inside(target);
        const buffer = graph.inPlace.has(output) ? handle.data : spareOf(handle);
        targets.set(output, { handle, buffer });
        fetches[output] = { type: dtype, shape, data: buffer };
      }
      const found = await graph.session.run(feeds, fetches).catch((error: unknown) => {
        for (const data of taken) store.putBack(data);
        throw error;
      });
      for (const [output, tensor] of Object.entries(found)) {
        const target = targets.get(output);
        results.set(output, (target?.buffer ?? tensor.data) as HostArray);
      }
    }
    return settle(made, call, results, targets);
  }

  /** The array that a tensor's next numbers are written to, where they cannot be written over those it has. */
  function spareOf(handle: HostDevice): HostArray {
    handle.spare ??= store.copy(handle.data);
    return handle.spare;
  }

  /** Puts results where the call wants them. */
  function settle(
    made: CompiledProgram,
    call: ProgramCall,
    results: ReadonlyMap<string, HostArray>,
    targets: ReadonlyMap<string, { handle: HostDevice; buffer: HostArray }>,
  ): ProgramResult {
    const host: Record<string, HostTensor> = {};
    const device: Record<string, DeviceTensor> = {};
    for (const [name, { form, leaves }] of made.held) {
      device[name] = store.hold({ form, leaves: leaves.map((leaf) => results.get(leaf) as HostArray) });
    }
    for (const { output, name, statistic, shape } of made.outputs) {
      const data = results.get(output) as HostArray;
      if (statistic !== undefined) {
        const segment = inputs.segmentOf(`state/${statistic}`) as Segment;
        store.inside((call.parameters as ParameterSet).state).data.set(data, segment.offset);
      }
      if (name === undefined) continue;
      const target = call.outputs[name];
      if (target === 'read') host[name] = { data, shape };
      else if (target === 'hold') device[name] = store.own(data, shape);
      else if (targets.has(output)) {
        const { handle, buffer } = targets.get(output) as { handle: HostDevice; buffer: HostArray };
        if (handle.data === buffer) continue;
        handle.spare = handle.data;
        handle.data = buffer;
      } else {
        store.inside(target as DeviceTensor).data.set(data);
      }
    }
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

function checkTarget(
  program: Program,
  output: string,
  handle: HostDevice,
  shape: readonly number[],
  dtype: string,
): void {
  if (
    handle.dtype === dtype &&
    handle.shape.length === shape.length &&
    shape.every((size, i) => size === handle.shape[i])
  )
    return;
  throw new PolytaskError(
    'POLYTASK_SHAPE_MISMATCH',
    `An output must fit the device tensor that it overwrites, but \`${output}\` of program \`${program.name}\` is ${dtype} ` +
      `[${shape.join(', ')}] and the tensor ${handle.dtype} [${handle.shape.join(', ')}].`,
  );
}

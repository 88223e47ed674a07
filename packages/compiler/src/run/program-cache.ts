import { type DeviceTensor, type ParameterLayout, PolytaskError, type Program, type ProgramCall } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';
import { sizeOf, type Value } from '../ir/value.js';
import { type HeldForm, heldForm } from '../rewrite/held-form.js';
import { type FeedSpec, type Trace, trace } from '../trace/trace.js';
import { type CompiledGraph, compileGraph } from './compile-graph.js';
import { dtypeOf } from './host-array.js';
import type { Runtime } from './runtime/runtime.js';
import { type SeenCall, sameCall, seeCall } from './same-call.js';
import { rowsForm } from './table-rows.js';
import type { FlatMemory } from './tail/flat-memory.js';
import { within } from './within.js';

/** A program compiled for feeds of certain shapes and for certain outputs; a string says why it has to run eagerly. */
export interface CompiledProgram {
  readonly graph: CompiledGraph;
  readonly trace: Trace;
  readonly outputs: readonly ProgramOutput[];
  /** Outputs that are held by other numbers, with the names under which the graph gives those. */
  readonly held: ReadonlyMap<string, { readonly form: HeldForm; readonly leaves: readonly string[] }>;
}

/** What the graph of a program gives: an output of the program, a number by which one is held, or a statistic. */
export interface ProgramOutput {
  /** Its name in the graph. */
  readonly output: string;
  /** The program's name for it, if it is an output of the program. */
  readonly name: string | undefined;
  /** The path of the variable that it is assigned to, if it is a statistic. */
  readonly statistic: string | undefined;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly size: number;
}

/** Compiled programs of one session. */
export interface ProgramCache {
  find(program: Program, call: ProgramCall): Promise<CompiledProgram | Error>;
  all(): Iterable<CompiledProgram>;
}

/** What a cache needs. */
export interface ProgramCacheInput {
  readonly layout: ParameterLayout;
  readonly runtime: Runtime;
  readonly threads: number;
  /** Where vectors of all parameters lie. */
  readonly memory: FlatMemory | undefined;
  /** How a tensor is held, where not by its own numbers. */
  formOf(handle: DeviceTensor): HeldForm | undefined;
  /** Called once for a program that cannot be compiled. */
  onRefused(program: Program, reason: Error): void;
}

/** Keeps programs by object, names and shapes of feeds, and wanted outputs. */
export function createProgramCache({
  layout,
  runtime,
  threads,
  memory,
  formOf,
  onRefused,
}: ProgramCacheInput): ProgramCache {
  const traces = new WeakMap<Program, Map<string, Trace | Error>>();
  const compiled = new WeakMap<Program, Map<string, Promise<CompiledProgram | Error>>>();
  const done = new Set<CompiledProgram>();
  const refused = new WeakSet<Program>();
  const recent = new WeakMap<Program, { readonly call: SeenCall; readonly made: CompiledProgram | Error }>();
  const variables = new Map<string, tf.Variable>();
  for (const segment of layout.segments) variables.set(`variable/${segment.path}`, segment.variable);
  for (const segment of layout.stateSegments) variables.set(`state/${segment.path}`, segment.variable);

  const specOf = (value: ProgramCall['feeds'][string]): FeedSpec => {
    const { shape } = value;
    if ('dtype' in value) return formOf(value) ?? { shape, dtype: value.dtype };
    return (runtime.readsInPlace ? rowsForm(value) : undefined) ?? { shape, dtype: dtypeOf(value.data) };
  };

  function traceOnce(program: Program, signature: string, feeds: { readonly [name: string]: FeedSpec }): Trace | Error {
    const known = within(traces, program);
    const before = known.get(signature);
    if (before !== undefined) return before;
    const found = unlessUnsupported(() =>
      trace({ name: program.name, feeds, variables, run: (given, uniform) => program.run(given, { uniform }) }),
    );
    if (!(found instanceof Error)) checkAssigned(program, found);
    known.set(signature, found);
    return found;
  }

  function checkAssigned(program: Program, { assigned }: Trace): void {
    const segment = layout.segments.find(({ path }) => assigned.has(`variable/${path}`));
    if (segment === undefined) return;
    throw new PolytaskError(
      'POLYTASK_ASSIGNED_TRAINABLE',
      `Program \`${program.name}\` assigned the trainable variable \`${segment.path}\`. Only the optimizer moves trainable ` +
        'variables; register a statistic with `{ trainable: false }`.',
    );
  }

  async function compile(
    program: Program,
    call: ProgramCall,
    signature: string,
    feeds: { readonly [name: string]: FeedSpec },
  ) {
    const traced = traceOnce(program, signature, feeds);
    if (traced instanceof Error) return refuse(program, traced);
    const outputs = new Map<string, Value>();
    const held = new Map<string, { form: HeldForm; leaves: readonly string[] }>();
    for (const [name, target] of Object.entries(call.outputs)) {
      const value = traced.outputs.get(name);
      if (value === undefined) {
        throw new PolytaskError('POLYTASK_NO_OUTPUT', `Program \`${program.name}\` gives no output \`${name}\`.`);
      }
      const found = target === 'hold' ? heldForm(traced.graph, value) : undefined;
      if (found === undefined) outputs.set(`output/${name}`, value);
      else {
        const leaves = found.leaves.map((_, i) => `output/${name}#${i}`);
        held.set(name, { form: found.form, leaves });
        for (const [i, leaf] of found.leaves.entries()) outputs.set(leaves[i] as string, leaf);
      }
    }
    if (call.parameters !== undefined && (call.keepState ?? true)) {
      for (const [name, value] of traced.assigned) {
        outputs.set(`next/${name}`, value);
      }
    }
    const sharedWith = sharing(call, layout);
    try {
      const graph = await compileGraph({
        name: program.name,
        graph: traced.graph,
        outputs,
        runtime,
        threads,
        sharedWith,
        memory,
      });
      const made: CompiledProgram = { graph, trace: traced, outputs: outputsOf(graph, held), held };
      done.add(made);
      return made;
    } catch (error) {
      if (isRefusal(error)) return refuse(program, error);
      throw error;
    }
  }

  function refuse(program: Program, reason: Error): Error {
    if (!refused.has(program)) onRefused(program, reason);
    refused.add(program);
    return reason;
  }

  return {
    async find(program, call) {
      const last = recent.get(program);
      if (last !== undefined && sameCall(last.call, call, specOf)) return last.made;
      const feeds: Record<string, FeedSpec> = {};
      for (const [name, value] of Object.entries(call.feeds)) feeds[name] = specOf(value);
      const signature = Object.entries(feeds)
        .map(([name, { shape, dtype, ...form }]) => `${name} ${dtype} ${shape.join()} ${(form as HeldForm).key ?? ''}`)
        .sort()
        .join('\n');
      const key = `${signature}\n\n${wanted(call)}`;
      const known = within(compiled, program);
      const before = known.get(key) ?? compile(program, call, signature, feeds);
      known.set(key, before);
      // A program that failed is tried again: what it used may have been put right.
      before.catch(() => known.delete(key));
      const seen = seeCall(call, specOf);
      const made = await before;
      recent.set(program, { call: seen, made });
      return made;
    },
    all: () => done,
  };
}

/** The graph's outputs, and what each of them is. */
function outputsOf(graph: CompiledGraph, held: CompiledProgram['held']): ProgramOutput[] {
  const leaves = new Set([...held.values()].flatMap((one) => one.leaves));
  const under = (prefix: string, output: string) =>
    output.startsWith(prefix) ? output.slice(prefix.length) : undefined;
  return [...graph.outputs].map(([output, { shape, dtype }]) => ({
    output,
    name: leaves.has(output) ? undefined : under('output/', output),
    statistic: under('next/state/', output),
    shape,
    dtype,
    size: sizeOf(shape),
  }));
}

/** Everything of a call but its feeds that a compiled program depends on. */
function wanted(call: ProgramCall): string {
  const targets = Object.entries(call.outputs).map(([name, target]) => {
    if (typeof target === 'string') return `${name} ${target}`;
    const places = Object.entries(call.feeds).flatMap(([feed, value]) => (value === target ? [feed] : []));
    if (call.parameters?.values === target) places.push('(values)');
    if (call.parameters?.state === target) places.push('(state)');
    return `${name}=${places.join()}`;
  });
  return `${targets.join(' ')} ${call.parameters === undefined ? 'none' : (call.keepState ?? true)}`;
}

/** For outputs that overwrite a device tensor: the inputs that lie in it. */
function sharing(call: ProgramCall, layout: ParameterLayout): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, target] of Object.entries(call.outputs)) {
    if (typeof target === 'string') continue;
    const inputs = Object.entries(call.feeds).flatMap(([feed, value]) => (value === target ? [`feed/${feed}`] : []));
    if (call.parameters?.values === target) inputs.push(...layout.segments.map(({ path }) => `variable/${path}`));
    if (call.parameters?.state === target) inputs.push(...layout.stateSegments.map(({ path }) => `state/${path}`));
    found.set(`output/${name}`, inputs);
  }
  return found;
}

/** Errors that eager execution may get around. */
function isRefusal(error: unknown): error is PolytaskError {
  return (
    PolytaskError.isInstance(error) &&
    (error.code === 'POLYTASK_UNSUPPORTED_KERNEL' || error.code === 'POLYTASK_MODEL_REFUSED')
  );
}

function unlessUnsupported<T>(make: () => T): T | PolytaskError {
  try {
    return make();
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

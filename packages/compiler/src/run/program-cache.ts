import { type ParameterLayout, PolytaskError, type Program, type Segment } from '@polytask/core';
import type { ProgramCall } from '@polytask/core/executors';
import type { InputValue } from '../ir/value.js';
import { type HeldForm, heldForm } from '../rewrite/held-form.js';
import { type FeedSpec, type InputRole, type Trace, trace } from '../trace/trace.js';
import { callSource, type VariablePlace, variablePlaces } from './call-inputs.js';
import { type CompiledGraph, compileGraph, type WantedOutput } from './compile-graph.js';
import type { DeviceStore } from './device.js';
import { dtypeOf } from './host-array.js';
import type { Runtime } from './runtime/runtime.js';
import { type SeenCall, sameCall, seeCall } from './same-call.js';
import type { FlatMemory } from './tail/flat-memory.js';
import { within } from './within.js';

/** A program compiled for feeds of certain shapes and for certain outputs. */
export interface CompiledProgram {
  readonly graph: CompiledGraph<ProgramOutput, ProgramCall>;
  /** Outputs that are held by other numbers. */
  readonly held: ReadonlyMap<string, HeldForm>;
}

/** What the graph of a program gives: an output of the program, a number by which one is held, or a statistic. */
export type ProgramOutput =
  | { readonly kind: 'result'; readonly name: string }
  | { readonly kind: 'leaf'; readonly name: string; readonly leaf: number }
  | { readonly kind: 'statistic'; readonly segment: Segment };

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
  readonly store: DeviceStore;
  /** Called once for a program that cannot be compiled. */
  onRefused(program: Program, reason: Error): void;
}

/** Keeps programs by object, names and shapes of feeds, and wanted outputs. */
export function createProgramCache({
  layout,
  runtime,
  threads,
  memory,
  store,
  onRefused,
}: ProgramCacheInput): ProgramCache {
  const traces = new WeakMap<Program, Map<string, Trace | Error>>();
  const compiled = new WeakMap<Program, Map<string, Promise<CompiledProgram | Error>>>();
  const done = new Set<CompiledProgram>();
  const refused = new WeakSet<Program>();
  const recent = new WeakMap<Program, { readonly call: SeenCall; readonly made: CompiledProgram | Error }>();
  const places = variablePlaces(layout);
  const variables = new Map([...places].map(([variable, place]) => [variable, nameOf(place)]));

  const specOf = (value: ProgramCall['feeds'][string]): FeedSpec => {
    const { shape } = value;
    if ('dtype' in value) return store.inside(value).held?.form ?? { shape, dtype: value.dtype };
    return { shape, dtype: dtypeOf(value.data) };
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
    const segment = layout.segments.find(({ variable }) => assigned.has(variable));
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
    const outputs: WantedOutput<ProgramOutput>[] = [];
    const held = new Map<string, HeldForm>();
    for (const [name, target] of Object.entries(call.outputs)) {
      const value = traced.outputs.get(name);
      if (value === undefined) {
        throw new PolytaskError('POLYTASK_NO_OUTPUT', `Program \`${program.name}\` gives no output \`${name}\`.`);
      }
      const found = target === 'hold' ? heldForm(traced.graph, value) : undefined;
      if (found === undefined) {
        outputs.push({ value, role: { kind: 'result', name } });
        continue;
      }
      held.set(name, found.form);
      for (const [leaf, one] of found.leaves.entries())
        outputs.push({ value: one, role: { kind: 'leaf', name, leaf } });
    }
    if (call.parameters !== undefined && (call.keepState ?? true)) {
      for (const [variable, value] of traced.assigned) {
        const { segment } = places.get(variable) as VariablePlace;
        outputs.push({ value, role: { kind: 'statistic', segment } });
      }
    }
    const sourceOf = (input: InputValue) => callSource(program, traced.inputs.get(input) as InputRole, places, store);
    try {
      const compiling = { name: program.name, graph: traced.graph, outputs, runtime, threads, memory, sourceOf };
      const made: CompiledProgram = { graph: await compileGraph(compiling), held };
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

/** Everything of a call but its feeds that a compiled program depends on. */
function wanted(call: ProgramCall): string {
  const targets = Object.entries(call.outputs).map(
    ([name, target]) => `${name} ${typeof target === 'string' ? target : 'into'}`,
  );
  return `${targets.join(' ')} ${call.parameters === undefined ? 'none' : (call.keepState ?? true)}`;
}

/** What errors call a variable. */
const nameOf = ({ vector, segment }: VariablePlace) => `${vector === 'values' ? 'variable' : 'state'}/${segment.path}`;

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

import type { Graph } from '../ir/graph.js';
import { constantData, isConstant, sizeOf, type Value } from '../ir/value.js';
import { lower } from '../lower/lower.js';
import { encodeModel } from '../lower/onnx/encode-model.js';
import type { OnnxGraph } from '../lower/onnx/graph.js';
import { overwritable } from '../lower/overwritable.js';
import { findTail, partsOf } from '../rewrite/find-tail.js';
import { stackLanes } from '../rewrite/stack-lanes.js';
import { dtypeOf, type HostArray } from './host-array.js';
import type { Runtime, RuntimeSession, RuntimeTensors } from './runtime/runtime.js';
import { type FlatMemory, mostScratch } from './tail/flat-memory.js';
import { type TailParts, type TailSource, tailFunction, tailSession } from './tail/tail-session.js';

/** How a result is had without computing: a copy of an input, or a constant. */
export type Shortcut = { readonly input: string } | { readonly data: HostArray };

/** A slice of an input, fed as a view of its array. */
export interface InputView {
  readonly source: string;
  readonly offset: number;
  readonly size: number;
}

/** Outputs of a traced function, ready to be computed. */
export interface CompiledGraph {
  /** What has to be fed; a name instead of a first size leaves it open. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly views: ReadonlyMap<string, InputView>;
  readonly outputs: ReadonlyMap<string, { readonly shape: readonly number[]; readonly dtype: 'float32' | 'int32' }>;
  readonly shortcuts: ReadonlyMap<string, Shortcut>;
  /** Missing where every output is a shortcut. */
  readonly session: RuntimeSession | undefined;
  readonly onnx: OnnxGraph | undefined;
  /** Outputs that may be written over the inputs they were said to share memory with. */
  readonly inPlace: ReadonlySet<string>;
}

/** What {@link compileGraph} needs. */
export interface CompileGraphInput {
  readonly name: string;
  readonly graph: Graph;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly runtime: Runtime;
  readonly threads: number;
  /** Inputs that lie in the memory that an output is to be written to. */
  readonly sharedWith: ReadonlyMap<string, readonly string[]>;
  /** Where vectors of all parameters lie, if the program's tail may be done there. */
  readonly memory?: FlatMemory | undefined;
}

/**
 * Lowers outputs to one ONNX model and opens it.
 *
 * @throws `POLYTASK_UNSUPPORTED_KERNEL`, `POLYTASK_MODEL_REFUSED`
 */
export async function compileGraph(input: CompileGraphInput): Promise<CompiledGraph> {
  const { name, graph, runtime, threads, sharedWith } = input;
  const shortcuts = new Map<string, Shortcut>();
  const computed = new Map<string, Value>();
  const outputs = new Map<string, { shape: readonly number[]; dtype: 'float32' | 'int32' }>();
  for (const [output, given] of input.outputs) {
    const value = given.dtype === 'bool' ? graph.cast(given, 'int32') : given;
    outputs.set(output, { shape: value.shape, dtype: value.dtype === 'int32' ? 'int32' : 'float32' });
    if (value.kind === 'input') shortcuts.set(output, { input: value.name });
    else if (isConstant(value)) shortcuts.set(output, { data: constantData(value) as HostArray });
    else computed.set(output, value);
  }
  if (computed.size === 0) {
    const inputs = [...shortcuts.values()].flatMap((one) => ('input' in one ? [{ name: one.input, shape: [] }] : []));
    return { inputs, views: new Map(), outputs, shortcuts, session: undefined, onnx: undefined, inPlace: new Set() };
  }
  const stacked = stackLanes(graph, computed);
  const { rest, end } = await splitTail(stacked, input.memory);
  const lowered = rest.size === 0 ? undefined : lower(name, rest, threads);
  const views = new Map(
    lowered?.views.map(({ name: view, source, offset, shape }) => [view, { source, offset, size: sizeOf(shape) }]),
  );
  const readByTail = [...(end?.arrays ?? []), ...(end?.scalars ?? [])].flatMap((source) =>
    'input' in source ? [source.input] : [],
  );
  const inPlace = new Set<string>();
  for (const [output, shared] of sharedWith) {
    // A tail reads all entries of a group before it writes them, and comes last.
    if (end?.tail.outputs.has(output)) inPlace.add(output);
    if (lowered === undefined || !rest.has(output) || shared.some((one) => readByTail.includes(one))) continue;
    const all = [...shared, ...[...views].filter(([, { source }]) => shared.includes(source)).map(([view]) => view)];
    if (overwritable(lowered.graph, output, all)) inPlace.add(output);
  }
  const inputs = (lowered?.graph.inputs ?? []).map(({ name: one, shape }) => ({ name: one, shape }));
  const before = lowered && {
    session: await runtime.open(encodeModel(lowered.graph), { threads, name }),
    inputs: inputs.map((one) => one.name),
  };
  const found = { inputs, views, outputs, shortcuts, onnx: lowered?.graph, inPlace };
  if (end === undefined) return { ...found, session: before?.session };
  for (const value of [...end.tail.arrays, ...end.tail.scalars]) {
    if (value.kind !== 'input' || inputs.some((one) => one.name === value.name)) continue;
    inputs.push({ name: value.name, shape: value.shape });
  }
  return { ...found, session: tailSession({ ...end, before, runtime }) };
}

/** The tail of a program, if it has one, and what the rest of it has to compute. */
async function splitTail(
  outputs: ReadonlyMap<string, Value>,
  memory: FlatMemory | undefined,
): Promise<{ rest: ReadonlyMap<string, Value>; end?: Omit<TailParts, 'before' | 'runtime'> }> {
  if (memory === undefined) return { rest: outputs };
  const tail = findTail(outputs, memory.size);
  if (tail === undefined || tail.arrays.length + tail.outputs.size > mostScratch) return { rest: outputs };
  const work = await tailFunction(tail, memory);
  if (work === undefined) return { rest: outputs };
  const rest = new Map([...outputs].filter(([output]) => !tail.outputs.has(output)));
  const sourcesOf = (kind: string, values: readonly Value[]): TailSource[] =>
    values.map((value, i) => {
      if (value.kind === 'input') return { input: value.name };
      const computed = partsOf(value).map((part, j) => ({ output: `${kind}/${i}#${j}`, value: part }));
      for (const { output, value: part } of computed) rest.set(output, part);
      return { computed: computed.map(({ output, value: part }) => ({ output, shape: part.shape })) };
    });
  const arrays = sourcesOf('tail', tail.arrays);
  const scalars = sourcesOf('number', tail.scalars);
  return { rest, end: { tail, work, memory, arrays, scalars } };
}

/** What a graph's session is fed, from the array of every input. */
export function feedsOf({ inputs }: CompiledGraph, arrayOf: (input: string) => HostArray): RuntimeTensors {
  const feeds: RuntimeTensors = {};
  for (const { name, shape } of inputs) {
    const data = arrayOf(name);
    const type = (data as unknown) instanceof Uint8Array ? 'uint8' : dtypeOf(data);
    feeds[name] = { type, shape: typeof shape[0] === 'string' ? openShape(shape, data) : (shape as number[]), data };
  }
  return feeds;
}

/** A shape whose first size is what the array has room for. */
function openShape([, ...rest]: readonly (number | string)[], { length }: HostArray): number[] {
  const row = rest as number[];
  return [length / sizeOf(row), ...row];
}

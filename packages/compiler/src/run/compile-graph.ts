import type { Graph } from '../ir/graph.js';
import { constantData, type InputValue, isConstant, sizeOf, type Value } from '../ir/value.js';
import { type Lowered, lower } from '../lower/lower.js';
import { encodeModel } from '../lower/onnx/encode-model.js';
import type { OnnxGraph, OnnxType } from '../lower/onnx/graph.js';
import { withFactors } from '../rewrite/factors.js';
import { findTail, partsOf } from '../rewrite/find-tail.js';
import { stackLanes } from '../rewrite/stack-lanes.js';
import type { HostArray } from './host-array.js';
import type { Runtime, RuntimeSession } from './runtime/runtime.js';
import { type FlatMemory, mostScratch } from './tail/flat-memory.js';
import { type TailParts, type TailSource, tailFunction, tailSession } from './tail/tail-session.js';

/** Finds numbers in a call. */
export type Source<Call> = (call: Call) => HostArray;

/** An output that a graph is to have. */
export interface WantedOutput<Role> {
  readonly value: Value;
  /** What its caller has to know of it. */
  readonly role: Role;
}

/** What has to be fed; a name instead of a first size leaves it open. */
export interface GraphInput<Call> {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
  readonly source: Source<Call>;
}

/** What a graph gives. */
export interface GraphOutput<Role, Call> {
  readonly name: string;
  readonly role: Role;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly size: number;
  /** Where its numbers are, if nothing has to be computed: those of an input, or a constant's. */
  readonly given: Source<Call> | undefined;
  /** Whether it may be written over numbers that the program reads. */
  readonly inPlace: boolean;
}

/** Outputs of a traced function, ready to be computed. */
export interface CompiledGraph<Role, Call> {
  readonly inputs: readonly GraphInput<Call>[];
  readonly outputs: readonly GraphOutput<Role, Call>[];
  /** Missing where nothing has to be computed. */
  readonly session: RuntimeSession | undefined;
  readonly onnx: OnnxGraph | undefined;
}

/** What {@link compileGraph} needs. */
export interface CompileGraphInput<Role, Call> {
  readonly name: string;
  readonly graph: Graph;
  readonly outputs: readonly WantedOutput<Role>[];
  readonly runtime: Runtime;
  readonly threads: number;
  /** Where vectors of all parameters lie, if the program's tail may be done there. */
  readonly memory?: FlatMemory | undefined;
  /** Where an input's numbers are found. */
  sourceOf(input: InputValue): Source<Call>;
}

/**
 * Rewrites outputs, lowers them to one ONNX model and opens it.
 *
 * @throws `POLYTASK_UNSUPPORTED_KERNEL`, `POLYTASK_MODEL_REFUSED`
 */
export async function compileGraph<Role, Call>(
  input: CompileGraphInput<Role, Call>,
): Promise<CompiledGraph<Role, Call>> {
  const { name, graph, runtime, threads, sourceOf } = input;
  const computed = new Map<string, Value>();
  const wanted = input.outputs.map(({ value: given, role }, i) => {
    const value = given.dtype === 'bool' ? graph.cast(given, 'int32') : given;
    const source = givenBy(value, sourceOf);
    if (source === undefined) computed.set(`y${i}`, value);
    const dtype: 'float32' | 'int32' = value.dtype === 'int32' ? 'int32' : 'float32';
    return { name: `y${i}`, role, shape: value.shape, dtype, size: sizeOf(value.shape), given: source };
  });
  const { rest, end } = await splitTail(stackLanes(graph, withFactors(graph, computed)), input.memory);
  const lowered = rest.size === 0 ? undefined : lower(name, rest);
  // A tail reads all entries of a group before it writes them, and comes last.
  const outputs = wanted.map((output) => ({ ...output, inPlace: end?.tail.outputs.has(output.name) === true }));
  const before = lowered && {
    session: await runtime.open(encodeModel(lowered.graph), { threads, name }),
    inputs: lowered.graph.inputs.map((one) => one.name),
  };
  const inputs = inputsOf(lowered, end, sourceOf);
  const session = end === undefined ? before?.session : tailSession({ ...end, before, runtime });
  return { inputs, outputs, session, onnx: lowered?.graph };
}

/** The numbers of a value that need not be computed. */
function givenBy<Call>(value: Value, sourceOf: (input: InputValue) => Source<Call>): Source<Call> | undefined {
  if (value.kind === 'input') return sourceOf(value);
  if (!isConstant(value)) return undefined;
  const data = constantData(value) as HostArray;
  return () => data;
}

/** The tail of a program: what it does, and the values that it reads. */
interface End extends Omit<TailParts, 'before' | 'runtime'> {
  readonly inputs: readonly InputValue[];
}

/** The tail of a program, if it has one, and what the rest of it has to compute. */
async function splitTail(
  outputs: ReadonlyMap<string, Value>,
  memory: FlatMemory | undefined,
): Promise<{ rest: ReadonlyMap<string, Value>; end?: End }> {
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
  const inputs = [...tail.arrays, ...tail.scalars].filter((value): value is InputValue => value.kind === 'input');
  return { rest, end: { tail, work, memory, arrays, scalars, inputs } };
}

/** What the lowered part is fed, and what the tail alone reads. */
function inputsOf<Call>(
  lowered: Lowered | undefined,
  end: End | undefined,
  sourceOf: (input: InputValue) => Source<Call>,
): GraphInput<Call>[] {
  const inputs = (lowered?.inputs ?? []).map(
    ({ source, ...info }): GraphInput<Call> => ({ ...info, source: sourceOf(source) }),
  );
  const known = new Set(inputs.map(({ name }) => name));
  const others = new Set((end?.inputs ?? []).filter(({ name }) => !known.has(name)));
  const readByEnd = [...others].map((one): GraphInput<Call> => {
    return { name: one.name, type: 'float32', shape: one.shape, source: sourceOf(one) };
  });
  return [...inputs, ...readByEnd];
}

import { sizeOf } from '../ir/value.js';
import type { CompiledGraph, GraphOutput } from './compile-graph.js';
import type { HostArray } from './host-array.js';
import type { RuntimeTensor, RuntimeTensors } from './runtime/runtime.js';

/**
 * Runs a graph once: the numbers of its outputs, in their order. `placeOf` gives the array that an output is to be written to; the
 * others come in arrays of their own.
 */
export async function runGraph<Role, Call>(
  { inputs, outputs, session }: CompiledGraph<Role, Call>,
  call: Call,
  placeOf: (output: GraphOutput<Role, Call>) => HostArray | undefined = () => undefined,
): Promise<HostArray[]> {
  const results: (HostArray | undefined)[] = [];
  const fetches: Record<string, RuntimeTensor | null> = {};
  // What is given is copied first: the graph may write over inputs.
  for (const output of outputs) {
    const place = placeOf(output);
    results.push(output.given === undefined ? place : copied(output.given(call), place));
    if (output.given !== undefined) continue;
    fetches[output.name] = place === undefined ? null : { type: output.dtype, shape: output.shape, data: place };
  }
  if (session === undefined) return results as HostArray[];
  const feeds: RuntimeTensors = {};
  for (const { name, type, shape, source } of inputs) {
    const data = source(call);
    feeds[name] = { type, shape: typeof shape[0] === 'string' ? openShape(shape, data) : (shape as number[]), data };
  }
  const found = await session.run(feeds, fetches);
  return results.map((data, i) => data ?? (found[outputs[i]?.name as string]?.data as HostArray));
}

function copied(data: HostArray, place: HostArray | undefined): HostArray {
  if (place === undefined) return data.slice() as HostArray;
  place.set(data);
  return place;
}

/** A shape whose first size is what the array has room for. */
function openShape([, ...rest]: readonly (number | string)[], { length }: HostArray): number[] {
  const row = rest as number[];
  return [length / sizeOf(row), ...row];
}

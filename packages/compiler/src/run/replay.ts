import type { HostTensor } from '@polytask/core';
import { type CompiledGraph, feedsOf } from './compile-graph.js';
import type { HostArray } from './host-array.js';
import type { RuntimeTensor } from './runtime/runtime.js';
import { arrayFor, type FedInputs, type Signature } from './signature.js';
import type { VariableState } from './variable-state.js';
import { compareArrays } from './verify.js';

/** A compiled function with the state of its variables. */
export interface CompiledFunction {
  /** Runs it once. A function that gives one tensor gives it as `result`. */
  run(inputs: FedInputs): Promise<{ readonly [output: string]: HostTensor }>;
  /** Writes the state back to the `tf.Variable`s, for checkpoints and eager code. */
  sync(): void;
  /** Takes the state from the `tf.Variable`s, after eager code has changed them. */
  load(): void;
  /** How many ONNX nodes of each operator the graph has; empty where the function runs eagerly. */
  readonly operators: ReadonlyMap<string, number>;
  /** Releases the graph. The variables stay, with what `sync` wrote last. */
  dispose(): Promise<void>;
}

/** What {@link replay} needs. */
export interface Replay {
  readonly name: string;
  readonly graph: CompiledGraph;
  readonly state: VariableState;
  readonly signature: Signature;
  readonly verify: boolean;
  eagerly(inputs: FedInputs): Promise<{ readonly [output: string]: HostTensor }>;
}

/** Runs a compiled graph with variables as state. */
export function replay({ name, graph, state, signature, verify, eagerly }: Replay): CompiledFunction {
  let verified = !verify;
  const operators = new Map<string, number>();
  for (const { op } of graph.onnx?.nodes ?? []) operators.set(op, (operators.get(op) ?? 0) + 1);

  async function runOnce(inputs: FedInputs): Promise<Record<string, HostTensor>> {
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
      const feeds = feedsOf(graph, source);
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

  async function runVerified(inputs: FedInputs): Promise<Record<string, HostTensor>> {
    state.sync();
    const expected = await eagerly(inputs);
    const after = new Map(
      [...state.variables].map(([key, variable]) => [key, variable.dataSync().slice() as HostArray]),
    );
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
    operators,
    dispose: async () => graph.session?.dispose(),
  };
}

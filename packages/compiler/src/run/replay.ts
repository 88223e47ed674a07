import type { HostTensor } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';
import type { CompiledGraph } from './compile-graph.js';
import type { DeviceStore, HostDevice } from './device.js';
import type { HostArray } from './host-array.js';
import { runGraph } from './run-graph.js';
import type { FedInputs } from './signature.js';
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

/** What an output of a compiled function is: one that it gives, or what a variable holds next. */
export type FunctionOutput =
  | { readonly kind: 'result'; readonly name: string }
  | { readonly kind: 'next'; readonly variable: tf.Variable };

/** What {@link replay} needs. */
export interface Replay {
  readonly name: string;
  readonly graph: CompiledGraph<FunctionOutput, FedInputs>;
  readonly state: VariableState;
  readonly store: DeviceStore;
  readonly verify: boolean;
  eagerly(inputs: FedInputs): Promise<{ readonly [output: string]: HostTensor }>;
}

/** Runs a compiled graph with variables as state. */
export function replay({ name, graph, state, store, verify, eagerly }: Replay): CompiledFunction {
  let verified = !verify;
  const operators = new Map<string, number>();
  for (const { op } of graph.onnx?.nodes ?? []) operators.set(op, (operators.get(op) ?? 0) + 1);
  const tensorOf = (variable: tf.Variable) => state.tensors.get(variable) as HostDevice;

  async function runOnce(inputs: FedInputs): Promise<Record<string, HostTensor>> {
    const results = await runGraph(graph, inputs, ({ role, given, inPlace }) =>
      role.kind === 'next' && given === undefined ? store.target(tensorOf(role.variable), inPlace) : undefined,
    );
    const host: Record<string, HostTensor> = {};
    for (const [i, { role, shape }] of graph.outputs.entries()) {
      const data = results[i] as HostArray;
      if (role.kind === 'next') store.commit(tensorOf(role.variable), data);
      else host[role.name] = { data, shape };
    }
    return host;
  }

  async function runVerified(inputs: FedInputs): Promise<Record<string, HostTensor>> {
    state.sync();
    const expected = await eagerly(inputs);
    const after = new Map([...state.tensors.keys()].map((variable) => [variable, variable.dataSync().slice()]));
    state.sync();
    const found = await runOnce(inputs);
    for (const [output, { data }] of Object.entries(found)) {
      compareArrays(`output \`${output}\` of \`${name}\``, expected[output]?.data as HostArray, data);
    }
    for (const [variable, data] of after) {
      compareArrays(`\`${variable.name}\` after \`${name}\``, data as HostArray, tensorOf(variable).data);
    }
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

import { PolytaskError } from '@polytask/core';
import { forbidHost, replaceProperty } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { createGraph } from '../ir/create-graph.js';
import type { Graph } from '../ir/graph.js';
import { type DType, isConstant, type Spec, type Value } from '../ir/value.js';
import { type Recording, readError, resolveValue, traceBackend, traceBackendName } from './backend.js';
import { type EngineBackend, engine } from './engine.js';
import { refuseHost } from './refuse-host.js';
import { atSourceLine } from './source-line.js';

/** What is fed: a tensor, or tensors (`leaves`) of which it is built inside the graph. */
export interface FeedSpec extends Spec {
  readonly leaves?: readonly Spec[];
  build?(graph: Graph, leaves: readonly Value[]): Value;
}

/** What to trace. */
export interface TraceRequest {
  /** Named in errors. */
  readonly name: string;
  /** Names, shapes and dtypes of what is fed. */
  readonly feeds: { readonly [name: string]: FeedSpec };
  /** Variables that the function may use, each with a name of its own for errors. */
  readonly variables: ReadonlyMap<tf.Variable, string>;
  /** Whether the function may make variables (a tfjs optimizer's first step does). Default false. */
  readonly makesVariables?: boolean;
  run(
    feeds: { readonly [name: string]: tf.Tensor },
    uniform: (path: string, shape: readonly number[]) => tf.Tensor,
  ): { readonly [name: string]: tf.Tensor };
}

/** Random numbers that a program asks for. */
export interface UniformRole {
  readonly kind: 'uniform';
  readonly path: string;
  readonly occurrence: number;
  readonly shape: readonly number[];
}

/** What an input of a recorded graph stands for: a feed or one of the tensors that it is built of, a variable, random numbers. */
export type InputRole =
  | { readonly kind: 'feed'; readonly feed: string; readonly leaf: number | undefined }
  | { readonly kind: 'variable'; readonly variable: tf.Variable }
  | UniformRole;

/** A recorded function. */
export interface Trace {
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<Value, InputRole>;
  readonly outputs: ReadonlyMap<string, Value>;
  /** What variables hold in the end, where something was assigned. */
  readonly assigned: ReadonlyMap<tf.Variable, Value>;
  /** Names of tfjs' kernels that the function called. */
  readonly kernels: ReadonlySet<string>;
  /** Variables that the function made, with the constants they started from, if they did. */
  readonly made: ReadonlyMap<tf.Variable, Value>;
}

interface Held {
  readonly variable: tf.Variable;
  readonly dataId: object;
  readonly backend: EngineBackend;
}

type Mutable = { dataId: object };

/**
 * Runs a function once on a backend that records instead of computing. Feeds and variables become inputs of the graph,
 * tensors from elsewhere constants. The variables, the tfjs backend that was set, and the number of live tensors are
 * afterwards what they were before.
 *
 * @throws `POLYTASK_TRACE_READS`, `POLYTASK_TRACE_RANDOM`, `POLYTASK_TRACE_CLOCK`, `POLYTASK_TRACE_DISPOSED`,
 * `POLYTASK_TRACE_CAPTURES` where the function is not one of its feeds and variables alone; `POLYTASK_UNSUPPORTED_KERNEL`.
 */
export function trace(request: TraceRequest): Trace {
  const backend = traceBackend();
  const tfEngine = engine();
  if (backend.recording !== undefined) {
    throw new PolytaskError('POLYTASK_TRACE_NESTED', `\`${request.name}\` cannot be traced while another program is.`);
  }
  const graph = createGraph();
  const inputs = new Map<Value, InputRole>();
  const input: MakeInput = (name, spec, role) => {
    const value = graph.input(name, spec);
    // One without entries is a constant.
    if (value.kind === 'input') inputs.set(value, role);
    return value;
  };
  const names = request.variables;
  const held = registeredVariables(request);
  const bound = new Map<object, Value>();
  for (const { variable, dataId } of held) {
    const name = names.get(variable);
    if (name !== undefined) bound.set(dataId, input(name, specOf(variable), { kind: 'variable', variable }));
  }
  const foreign = new Set(held.filter(({ variable }) => !names.has(variable)).map(({ dataId }) => dataId));
  const recording: Recording = {
    graph,
    program: request.name,
    values: new WeakMap(),
    bound,
    kernels: new Set(),
    refusals: [],
    capture: (dataId, shape, dtype) => capture(request, graph, foreign, dataId, shape, dtype),
  };
  const tensors: tf.Tensor[] = [];
  const made = new Map<tf.Variable, Value>();
  const undo = watch(recording, request, tensors, made);
  const before = { name: tfEngine.backendName, instance: tfEngine.backendInstance };
  for (const { backend: owner, dataId } of held) owner.incRef(dataId);
  backend.recording = recording;
  tfEngine.backendName = traceBackendName;
  tfEngine.backendInstance = backend;
  try {
    const toTensor = (value: Value) =>
      tfEngine.makeTensorFromTensorInfo(
        { dataId: backend.own(value) as tf.DataId, shape: [...value.shape], dtype: value.dtype },
        backend,
      );
    const outputs = new Map<string, Value>();
    tf.tidy(() => {
      const feeds = Object.fromEntries(
        Object.entries(request.feeds).map(([name, spec]) => [name, toTensor(fed(graph, input, name, spec))]),
      );
      const occurrences = new Map<string, number>();
      const given = request.run(feeds, (path, shape) => {
        const occurrence = occurrences.get(path) ?? 0;
        occurrences.set(path, occurrence + 1);
        const role = { kind: 'uniform', path, occurrence, shape } as const;
        return toTensor(input(`uniform/${occurrence}/${path}`, { shape, dtype: 'float32' }, role));
      });
      for (const [name, tensor] of Object.entries(given))
        outputs.set(name, resolveValue(recording, `output ${name}`, tensor));
    });
    if (recording.refusals.length > 0) throw recording.refusals[0];
    const assigned = new Map<tf.Variable, Value>();
    for (const { variable, dataId } of held) {
      if (variable.dataId === dataId) continue;
      if (!names.has(variable)) throw foreignVariable(request.name, variable, 'assigned');
      assigned.set(variable, resolveValue(recording, 'assign', variable));
    }
    return { graph, inputs, outputs, assigned, kernels: recording.kernels, made };
  } finally {
    undo();
    for (const one of held) giveBack(one);
    for (const tensor of tensors) if (!tensor.isDisposed) tensor.dispose();
    tfEngine.backendName = before.name;
    tfEngine.backendInstance = before.instance;
    backend.recording = undefined;
  }
}

/** Makes an input, and notes what it stands for. */
type MakeInput = (name: string, spec: Spec, role: InputRole) => Value;

/** The value of a feed. */
function fed(graph: Graph, input: MakeInput, feed: string, spec: FeedSpec): Value {
  const { leaves = [], build } = spec;
  if (build === undefined) return input(`feed/${feed}`, spec, { kind: 'feed', feed, leaf: undefined });
  const made = leaves.map((one, leaf) => input(`leaf/${leaf}/${feed}`, one, { kind: 'feed', feed, leaf }));
  return build(graph, made);
}

/** All variables that tfjs knows, and those of the request, with the data they hold now. */
function registeredVariables(request: TraceRequest): Held[] {
  const { registeredVariables: registered, tensorInfo } = engine().state;
  const all = new Set([...Object.values(registered), ...request.variables.keys()]);
  const held: Held[] = [];
  for (const variable of all) {
    const owner = tensorInfo.get(variable.dataId)?.backend;
    if (owner !== undefined) held.push({ variable, dataId: variable.dataId, backend: owner });
  }
  return held;
}

/** Lets go of the reference that kept a variable's data alive, or puts that data back. */
function giveBack({ variable, dataId, backend }: Held): void {
  if (variable.dataId === dataId) {
    backend.disposeData(dataId);
    return;
  }
  engine().disposeTensor(variable);
  (variable as unknown as Mutable).dataId = dataId;
  engine().trackTensor(variable, backend);
}

/** Notes tensors and variables as they are made, and refuses reads, randomness and clocks. */
function watch(
  recording: Recording,
  request: TraceRequest,
  tensors: tf.Tensor[],
  made: Map<tf.Variable, Value>,
): () => void {
  const tfEngine = engine() as ReturnType<typeof engine> & {
    makeVariable(initial: tf.Tensor, ...rest: unknown[]): tf.Variable;
  };
  const { trackTensor, makeVariable, readSync } = tfEngine;
  const guardedRead = (dataId: object): unknown => {
    const bound = recording.bound.get(dataId);
    if (bound !== undefined && !isConstant(bound)) throw readError(request.name, bound);
    return readSync.call(tfEngine, dataId);
  };
  const undo = [
    forbidHost(refuseHost(request.name)),
    replaceProperty(tfEngine, 'trackTensor', (tensor: tf.Tensor, ...rest: []) => {
      if (!(tensor instanceof tf.Variable)) tensors.push(tensor);
      trackTensor.call(tfEngine, tensor, ...rest);
    }),
    replaceProperty(tfEngine, 'readSync', guardedRead),
    replaceProperty(tfEngine, 'read', (dataId: object) => {
      try {
        return Promise.resolve(guardedRead(dataId));
      } catch (error) {
        // Nobody waits for this one: the refusal is noted, and comes when the program ends.
        recording.refusals.push(error);
        return new Promise(() => {});
      }
    }),
    replaceProperty(tfEngine, 'makeVariable', (initial: tf.Tensor, ...rest: []) => {
      if (request.makesVariables !== true) {
        throw new PolytaskError(
          'POLYTASK_TRACE_CAPTURES',
          `A program must not make variables, but \`${request.name}\` called \`tf.variable\`${atSourceLine()}. Make them once, ` +
            'when the part is bound, with `scope.variable`.',
        );
      }
      const variable = makeVariable.call(tfEngine, initial, ...rest);
      made.set(variable, resolveValue(recording, 'variable', initial));
      return variable;
    }),
  ];
  return () => {
    for (const one of undo.reverse()) one();
  };
}

/** A tensor from outside becomes a constant; a variable that was not declared is refused, since it may change. */
function capture(
  request: TraceRequest,
  graph: Graph,
  foreign: ReadonlySet<object>,
  dataId: object,
  shape: readonly number[],
  dtype: string,
): Value {
  if (foreign.has(dataId)) throw foreignVariable(request.name, { shape }, 'used');
  const data = engine().state.tensorInfo.get(dataId)?.backend.readSync(dataId) as Float32Array;
  return graph.constant(data.slice(), { shape, dtype: dtype as DType });
}

function foreignVariable(program: string, { shape }: { shape: readonly number[] }, what: string): PolytaskError {
  return new PolytaskError(
    'POLYTASK_TRACE_CAPTURES',
    `A program must work on its feeds and on registered variables, but \`${program}\` ${what} another variable of shape ` +
      `[${shape.join(', ')}]${atSourceLine()}, which would be frozen. Make variables with \`scope.variable\`, or register them ` +
      'with `scope.adopt`.',
  );
}

function specOf(variable: tf.Variable): Spec {
  return { shape: variable.shape, dtype: variable.dtype as DType };
}

import { sizeOf } from '../../../ir/value.js';
import { arrays, dataTypes } from '../../../lower/onnx/encode-model.js';
import type { OnnxData, OnnxTensorInfo } from '../../../lower/onnx/graph.js';
import { runError } from '../run-error.js';
import type { RuntimeSession, RuntimeTensor, RuntimeTensors } from '../runtime.js';
import { checkFits, createSlots, type Slot } from '../slots.js';
import type { OnnxRuntimeC, Pointer } from './onnxruntime-c.js';

/** Arrays that one input or output remembers; most alternate between two. */
const remembered = 3;

/** Inputs of up to this many entries that come in a new array every time are copied, which costs less than to bind the array. */
const copied = 4096;

/** An array, which is not kept from being collected, and the runtime's view of its memory. */
interface BoundArray {
  readonly data: WeakRef<OnnxData>;
  readonly value: Pointer;
}

/** An input or output, and what is bound to it. */
interface Binding extends Slot {
  /** Its shape, unless a run settles it; no output's. */
  readonly sizes: readonly number[] | undefined;
  readonly values: BoundArray[];
  bound: BoundArray | undefined;
  /** For an output whose numbers nobody gave a place, and for a small input that is another array every time. */
  own: OnnxData | undefined;
  /** How many arrays were bound here that had not been before. */
  arrays: number;
}

/** What a session is made of. */
export interface DirectSessionInput {
  readonly library: OnnxRuntimeC;
  readonly session: Pointer;
  /** What errors call the model. */
  readonly name: string;
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
}

/**
 * A session whose inputs and outputs are bound to typed arrays once: a run reads and writes their memory, and copies nothing.
 * A run blocks the thread; every few milliseconds the event loop gets a turn between runs.
 */
export function directSession({ library, session, name, inputs, outputs }: DirectSessionInput): RuntimeSession {
  const { call, check, make, cpuMemory, flushDenormals } = library;
  const binding = make('CreateIoBinding', session);
  const slots = createSlots<Binding>(name, inputs, outputs, (slot) => ({
    ...slot,
    sizes: slot.shape.every((size) => typeof size === 'number') ? (slot.shape as number[]) : undefined,
    values: [],
    bound: undefined,
    own: undefined,
    arrays: 0,
  }));
  let disposed = false;

  /** The runtime's view of an array, made at its first use here. */
  function ortValue(slot: Binding, tensor: RuntimeTensor): BoundArray {
    const { values } = slot;
    const known = values.find(({ data }) => data.deref() === tensor.data);
    if (known !== undefined) return known;
    checkFits(slot, tensor.type, tensor.shape);
    const { data, shape } = tensor;
    // An empty array may have no memory.
    const memory = data.length === 0 ? new Float64Array(1) : data;
    const dimensions = BigInt64Array.from(shape, BigInt);
    const value = make(
      'CreateTensorWithDataAsOrtValue',
      cpuMemory,
      memory,
      data.byteLength,
      dimensions,
      shape.length,
      dataTypes[tensor.type],
    );
    if (values.length === remembered) call.ReleaseValue((values.shift() as BoundArray).value);
    const made = { data: new WeakRef(data), value };
    values.push(made);
    slot.arrays++;
    return made;
  }

  function bind(kind: 'BindInput' | 'BindOutput', slot: Binding, tensor: RuntimeTensor): void {
    if (slot.bound?.data.deref() === tensor.data) return;
    const next = ortValue(slot, tensor);
    check(call[kind](binding, slot.name, next.value));
    slot.bound = next;
  }

  function feed(slot: Binding, tensor: RuntimeTensor): void {
    const { data, type, shape } = tensor;
    if (slot.bound?.data.deref() === data) return;
    const isLarge = data.length > copied || slot.sizes === undefined;
    if (slot.arrays <= remembered || isLarge || slot.values.some((one) => one.data.deref() === data)) {
      bind('BindInput', slot, tensor);
      return;
    }
    checkFits(slot, type, shape);
    const own = ownOf(slot);
    own.set(data as never);
    bind('BindInput', slot, { type, shape, data: own });
  }

  /** The array that an output is written to when none was given. */
  function ownOf(slot: Binding): OnnxData {
    slot.own ??= new arrays[slot.type](sizeOf(slot.sizes ?? []));
    return slot.own;
  }

  function run(
    feeds: Readonly<Record<string, RuntimeTensor>>,
    fetches: Readonly<Record<string, RuntimeTensor | null>>,
  ): RuntimeTensors {
    for (const key in feeds) feed(slots.input(key), feeds[key] as RuntimeTensor);
    slots.requireInputs(feeds);
    const wanted = Object.keys(fetches);
    // Without any name the runtime would refuse.
    if (wanted.length === 0) return {};
    for (const slot of slots.outputs.values()) {
      if (slot.bound === undefined || slot.name in fetches) continue;
      // What is bound would be computed.
      call.ClearBoundOutputs(binding);
      for (const other of slots.outputs.values()) other.bound = undefined;
      break;
    }
    for (const key of wanted) {
      const slot = slots.output(key);
      const target = fetches[key] ?? { type: slot.type, shape: slot.sizes ?? [], data: ownOf(slot) };
      bind('BindOutput', slot, target);
    }
    try {
      check(flushDenormals(() => call.RunWithBinding(session, null, binding)));
    } catch (cause) {
      throw runError(name, cause);
    }
    const results: RuntimeTensors = {};
    for (const key of wanted) {
      const slot = slots.output(key);
      results[key] = fetches[key] ?? {
        type: slot.type,
        shape: slot.sizes ?? [],
        data: ownOf(slot).slice() as OnnxData,
      };
    }
    return results;
  }

  return {
    async run(feeds, fetches) {
      await turn();
      // Nothing is between this and the run.
      if (disposed) throw slots.released();
      return run(feeds, fetches);
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      call.ReleaseIoBinding(binding);
      for (const slot of [...slots.inputs.values(), ...slots.outputs.values()]) {
        for (const { value } of slot.values) call.ReleaseValue(value);
      }
      call.ReleaseSession(session);
    },
  };
}

let lastTurn = 0;

/** Lets the event loop (signals, timers, progress) have a turn when it has waited for long. */
function turn(): Promise<void> | undefined {
  const now = performance.now();
  if (now - lastTurn < 10) return undefined;
  return new Promise((resolve) => {
    (globalThis as unknown as { setImmediate(run: () => void): void }).setImmediate(() => {
      lastTurn = performance.now();
      resolve();
    });
  });
}

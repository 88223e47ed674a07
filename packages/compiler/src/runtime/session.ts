import { PolytaskError, ShapeMismatchError, UnknownNameError } from '@polytask/core';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { OnnxData, OnnxType } from '../onnx/graph.js';
import { runError, subject } from './run-error.js';
import type { RuntimeSession, RuntimeTensors } from './runtime.js';
import type { TensorCache } from './tensor-cache.js';

/** An input or output of the model, and the last tensor that was found to fit it. */
interface Slot {
  /** What errors call it. */
  readonly label: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
  fits: Tensor | undefined;
}

// Errors are thrown; the runtime would print them besides.
const silent: InferenceSession.RunOptions = { logSeverityLevel: 4 };

/** How a session is presented. */
export interface SessionTraits {
  /** What errors call the model. */
  readonly name: string;
  /** Whether the runtime writes into buffers given for outputs; where it does not, results are copied into them. */
  readonly writesInPlace: boolean;
}

/** A {@link RuntimeSession} over a session of ONNX Runtime: checked names, types and shapes, results in the caller's buffers. */
export function runtimeSession(
  session: InferenceSession,
  tensorOf: TensorCache,
  { name, writesInPlace }: SessionTraits,
): RuntimeSession {
  const model = subject(name);
  const inputs = slots(session.inputMetadata, 'Input', model);
  const outputs = slots(session.outputMetadata, 'Output', model);
  let disposed = false;
  return {
    async run(feeds, fetches) {
      if (disposed) {
        throw new PolytaskError('POLYTASK_RELEASED', `Running ${model} needs it alive, but it was disposed of.`);
      }
      const fed: Record<string, Tensor> = {};
      for (const key in feeds) {
        const slot = inputs.get(key) ?? unknown(key, inputs, `input of ${model}`);
        fed[key] = fitting(slot, tensorOf(feeds[key] as never));
      }
      for (const key of inputs.keys()) if (fed[key] === undefined) throw notFed(key, model, Object.keys(feeds));
      const names = Object.keys(fetches);
      // Without any name the runtime would compute every output.
      if (names.length === 0) return {};
      const wanted: Record<string, Tensor | null> = {};
      for (const key of names) {
        const slot = outputs.get(key) ?? unknown(key, outputs, `output of ${model}`);
        const buffer = fetches[key];
        const tensor = buffer ? fitting(slot, tensorOf(buffer)) : null;
        wanted[key] = writesInPlace ? tensor : null;
      }
      const found = await session.run(fed, wanted, silent).catch((cause: unknown) => {
        throw runError(name, cause);
      });
      const results: RuntimeTensors = {};
      for (const key of names) {
        const buffer = fetches[key];
        const tensor = found[key] as Tensor;
        // For a buffer that was written in place the runtime makes a copy besides, which is dropped.
        if (buffer && !writesInPlace) buffer.data.set(tensor.data as never);
        results[key] = buffer ?? { type: tensor.type as OnnxType, shape: tensor.dims, data: tensor.data as OnnxData };
      }
      return results;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await session.release();
    },
  };
}

function slots(metadata: readonly InferenceSession.ValueMetadata[], kind: string, model: string): Map<string, Slot> {
  const found = new Map<string, Slot>();
  for (const value of metadata) {
    if (!value.isTensor) continue;
    const label = `${kind} \`${value.name}\` of ${model}`;
    found.set(value.name, { label, type: value.type, shape: value.shape, fits: undefined });
  }
  return found;
}

/** The tensor, if type and shape are the slot's; checked once per tensor. */
function fitting(slot: Slot, tensor: Tensor): Tensor {
  if (slot.fits === tensor) return tensor;
  const { dims } = tensor;
  if (dims.length !== slot.shape.length || slot.shape.some((size, i) => typeof size === 'number' && size !== dims[i])) {
    const required = slot.shape.map((size) => (typeof size === 'number' ? size : null));
    throw new ShapeMismatchError(slot.label, required, dims);
  }
  if (slot.type !== tensor.type) {
    throw new PolytaskError('POLYTASK_TYPE_MISMATCH', `${slot.label} must be ${slot.type}, but is ${tensor.type}.`);
  }
  slot.fits = tensor;
  return tensor;
}

function unknown(name: string, known: ReadonlyMap<string, Slot>, what: string): never {
  throw new UnknownNameError(what, name, [...known.keys()]);
}

function notFed(name: string, model: string, fed: readonly string[]): PolytaskError {
  return new PolytaskError(
    'POLYTASK_MISSING_INPUT',
    `Input \`${name}\` of ${model} must be fed, but only ${fed.map((key) => `\`${key}\``).join(', ') || 'nothing'} was.`,
  );
}

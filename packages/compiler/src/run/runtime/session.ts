import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { OnnxData, OnnxType } from '../../lower/onnx/graph.js';
import { runError } from './run-error.js';
import type { RuntimeSession, RuntimeTensors } from './runtime.js';
import { checkFits, createSlots, type Slot, type SlotInfo } from './slots.js';
import type { TensorCache } from './tensor-cache.js';

/** An input or output of the model, and the last tensor that was found to fit it. */
interface FittedSlot extends Slot {
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
  const slots = createSlots<FittedSlot>(name, infos(session.inputMetadata), infos(session.outputMetadata), (slot) => ({
    ...slot,
    fits: undefined,
  }));
  let disposed = false;
  return {
    async run(feeds, fetches) {
      if (disposed) throw slots.released();
      const fed: Record<string, Tensor> = {};
      for (const key in feeds) fed[key] = fitting(slots.input(key), tensorOf(feeds[key] as never));
      slots.requireInputs(fed);
      const names = Object.keys(fetches);
      // Without any name the runtime would compute every output.
      if (names.length === 0) return {};
      const wanted: Record<string, Tensor | null> = {};
      for (const key of names) {
        const slot = slots.output(key);
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

function infos(metadata: readonly InferenceSession.ValueMetadata[]): SlotInfo[] {
  return metadata.flatMap((value) => (value.isTensor ? [value] : []));
}

/** The tensor, if type and shape are the slot's; checked once per tensor. */
function fitting(slot: FittedSlot, tensor: Tensor): Tensor {
  if (slot.fits === tensor) return tensor;
  checkFits(slot, tensor.type, tensor.dims);
  slot.fits = tensor;
  return tensor;
}

import * as tf from '@tensorflow/tfjs';
import { operations } from './operations.js';
import { type Attributes, type Constant, constantData, type DType, type Spec } from './value.js';

interface CpuBackend {
  /** Whether the hint about faster backends is still to be printed; constants are no reason to. */
  firstUse: boolean;
  makeTensorInfo(shape: readonly number[], dtype: string, values: ArrayLike<number>): tf.TensorInfo;
  readSync(dataId: object): Float32Array | Int32Array | Uint8Array;
  disposeIntermediateTensorInfo(info: tf.TensorInfo): void;
}

/** Numbers that a kernel gave. */
export interface Evaluated extends Spec {
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Runs a kernel of tfjs' cpu backend on constants, outside the engine. `names` null: the kernel takes a list. */
export function evaluateKernel(
  kernel: string,
  inputs: readonly Constant[],
  attributes: Attributes,
  names: readonly string[] | null = operations.get(kernel)?.kernel ?? ['x'],
): Evaluated | Evaluated[] {
  const config = tf.getKernel(kernel, 'cpu');
  const backend = tf.engine().findBackend('cpu') as unknown as CpuBackend | null;
  if (config === undefined || config === null || backend === null) {
    throw new Error(`Constants are folded by tfjs' cpu backend, which has no kernel \`${kernel}\`.`);
  }
  const { firstUse } = backend;
  backend.firstUse = false;
  const given = inputs.map((input) => backend.makeTensorInfo(input.shape, input.dtype, constantData(input)));
  const named = names === null ? given : Object.fromEntries(given.map((info, i) => [names[i] as string, info]));
  const result = config.kernelFunc({
    inputs: named as unknown as tf.NamedTensorInfoMap,
    attrs: attributes as unknown as tf.NamedAttrMap,
    backend,
  });
  const infos = Array.isArray(result) ? result : [result];
  const found = infos.map(({ dataId, shape, dtype }) => ({
    data: ofType(backend.readSync(dataId), dtype as DType),
    shape,
    dtype: dtype as DType,
  }));
  for (const info of new Set([...given, ...infos])) backend.disposeIntermediateTensorInfo(info);
  backend.firstUse = firstUse;
  return Array.isArray(result) ? found : (found[0] as Evaluated);
}

/** A copy in the array that goes with the dtype: tfjs' casts without loss leave numbers in the array they came in. */
function ofType(data: Evaluated['data'], dtype: DType): Evaluated['data'] {
  if (dtype === 'float32') return Float32Array.from(data);
  return dtype === 'int32' ? Int32Array.from(data) : Uint8Array.from(data);
}

import type { Tensor, TensorConstructor } from 'onnxruntime-node';
import type { OnnxData } from '../../lower/onnx/graph.js';
import type { RuntimeTensor } from './runtime.js';

/** Gives the runtime's own tensor for a typed array. */
export type TensorCache = (tensor: RuntimeTensor) => Tensor;

/** Remembers one tensor per typed array, so that a step that feeds the same arrays makes no garbage. */
export function tensorCache(construct: TensorConstructor): TensorCache {
  const known = new WeakMap<OnnxData, Tensor>();
  return (wanted) => {
    const found = known.get(wanted.data);
    if (found !== undefined && found.type === wanted.type && sameShape(found.dims, wanted.shape)) return found;
    const made = new construct(wanted.type, wanted.data as never, wanted.shape) as Tensor;
    known.set(wanted.data, made);
    return made;
  };
}

/** Whether two shapes have the same dimensions. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

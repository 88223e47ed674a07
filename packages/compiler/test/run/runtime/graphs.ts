import { encodeModel } from '../../../src/lower/onnx/encode-model.js';
import type { OnnxGraph, OnnxTensorInfo } from '../../../src/lower/onnx/graph.js';
import type { RuntimeTensor } from '../../../src/run/runtime/runtime.js';

/** A tensor of the type that its array stands for; bytes are bool. */
export function tensor(data: RuntimeTensor['data'], shape: readonly number[] = [data.length]): RuntimeTensor {
  const type =
    data instanceof Float32Array
      ? 'float32'
      : data instanceof Int32Array
        ? 'int32'
        : data instanceof BigInt64Array
          ? 'int64'
          : 'bool';
  return { type, shape, data };
}

/** A float tensor from numbers. */
export function floats(...values: number[]): RuntimeTensor {
  return tensor(Float32Array.from(values));
}

/** An input or output of a graph. */
export function info(name: string, shape: OnnxTensorInfo['shape'], type: OnnxTensorInfo['type'] = 'float32') {
  return { name, type, shape };
}

/** The bytes of a model. */
export function model(graph: Omit<OnnxGraph, 'name' | 'constants'> & Partial<OnnxGraph>): Uint8Array {
  return encodeModel({ name: 'test', constants: [], ...graph });
}

import type { OnnxNode, PrologueConstant, PrologueInput } from '@polytask/core';

export type { OnnxAttribute, OnnxNode } from '@polytask/core';

/** Element types that compiled graphs use. */
export type OnnxType = 'float32' | 'int32' | 'int64' | 'bool' | 'uint8';

/** Values of a tensor: bool and uint8 are bytes, int64 are BigInts, as in ONNX Runtime's JavaScript API. */
export type OnnxData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** An input or output of a graph. A string in the shape is a symbolic dimension, whose size is known only at run time. */
export interface OnnxTensorInfo {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

/** A tensor stored in the model. */
export interface OnnxConstant {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly data: OnnxData;
}

/** A graph of ONNX operators as plain data; nodes stand in an order in which they can be run. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
}

/** A graph with what only exported models have besides: texts and doubles, which are no tensors of tfjs. */
export interface ExportedGraph extends Omit<OnnxGraph, 'inputs' | 'constants'> {
  readonly inputs: readonly (OnnxTensorInfo | ExportedInput)[];
  readonly constants: readonly (OnnxConstant | PrologueConstant)[];
}

/** An input of an exported model that is fed with what people have. */
export interface ExportedInput extends Pick<OnnxTensorInfo, 'name' | 'shape'> {
  readonly type: PrologueInput['dtype'];
}

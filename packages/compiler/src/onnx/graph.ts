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

/** An attribute of a node, by its kind. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly string: string };

/** One operator. An empty input name is an optional input that is left out; so is an empty output name. */
export interface OnnxNode {
  readonly op: string;
  /** Operator set: ONNX's own where absent, else for example `com.microsoft`. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: { readonly [name: string]: OnnxAttribute };
}

/** A graph of ONNX operators as plain data; nodes stand in an order in which they can be run. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
}

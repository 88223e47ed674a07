/** An attribute of an ONNX operator, by its kind. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly strings: readonly string[] };

/** One ONNX operator. An empty input name is an optional input that is left out; so is an empty output name. */
export interface OnnxNode {
  readonly op: string;
  /** Operator set: ONNX's own where absent, else for example `ai.onnx.ml`. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: { readonly [name: string]: OnnxAttribute };
}

/** A tensor that an {@link InputPrologue} computes with. */
export type PrologueConstant = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly type: 'float64'; readonly data: Float64Array }
  | { readonly type: 'float32'; readonly data: Float32Array }
  | { readonly type: 'int64'; readonly data: BigInt64Array }
);

/** What is fed to an {@link InputPrologue} under one name; whatever else it says goes into the metadata of an exported model. */
export interface PrologueInput {
  readonly dtype: 'float64' | 'float32' | 'string';
  /** Of one row. */
  readonly shape: readonly number[];
  readonly [detail: string]: unknown;
}

/**
 * What makes a model's inputs of the values that people have, as ONNX operators that stand before the model in an exported file:
 * what a data package learned of its columns, for an exporter that knows nothing of columns. Its tensors have names of their own,
 * which the exporter may change, except for those of `inputs`.
 */
export interface InputPrologue {
  /** Fed in place of the model's inputs that it makes, `[rows, ...shape]`. */
  readonly inputs: { readonly [name: string]: PrologueInput };
  readonly constants: readonly PrologueConstant[];
  /** In an order in which they can be run. */
  readonly nodes: readonly OnnxNode[];
  /** By input of the model: the tensor that it gets, in the input's dtype, `[rows, ...]`. Other inputs are fed as they are. */
  readonly outputs: { readonly [input: string]: string };
  /** Name of a tensor, bool `[rows]`: rows that cannot be predicted. Their predictions become NaN. */
  readonly refused?: string;
}

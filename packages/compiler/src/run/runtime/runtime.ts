import type { OnnxData, OnnxType } from '../../lower/onnx/graph.js';

/** A tensor as typed array and shape. The array is handed to the runtime as it is; views of a larger buffer are welcome. */
export interface RuntimeTensor {
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly data: OnnxData;
}

/** Tensors by name. */
export type RuntimeTensors = Record<string, RuntimeTensor>;

/** A model that is loaded and can be run. */
export interface RuntimeSession {
  /**
   * Runs the model once. `fetches` names the outputs to compute: a tensor is a buffer that is written in place and given back
   * itself, null asks for a new tensor. A buffer may be fed and fetched in one run if every reader of it runs before its writer.
   * Keep the typed arrays that are fed and fetched again and again: what the runtime makes of them is remembered per array.
   */
  run(
    feeds: Readonly<Record<string, RuntimeTensor>>,
    fetches: Readonly<Record<string, RuntimeTensor | null>>,
  ): Promise<RuntimeTensors>;
  /** Frees the model. Calling it twice is harmless. */
  dispose(): Promise<void>;
}

/** How a model is opened. */
export interface RuntimeOptions {
  /** Threads that one operator may use. */
  readonly threads: number;
  /** What errors call the model; "the compiled program" unless told. */
  readonly name?: string;
}

/** A way to run ONNX models. */
export interface Runtime {
  readonly name: 'node' | 'web';
  /** Calls a function with denormal numbers taken as 0 where the runtime's own programs take them so. */
  flushDenormals<Result>(run: () => Result): Result;
  open(model: Uint8Array, options: RuntimeOptions): Promise<RuntimeSession>;
}

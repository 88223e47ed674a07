import type { FeatureOptions, LearnedFeature } from './features.js';
import type { OnnxBuilder } from './onnx-builder.js';
import type { Unreadable } from './raw-values.js';

/** A value that has been read: a number (NaN: missing), or a text (null: missing). */
export type Value = number | string | null;

/** Where the encoded values of one row go. */
export interface EncodedRow {
  readonly numbers: Float32Array;
  readonly ids: Int32Array;
}

/** How many numbers a feature becomes, and, if it is an id instead, out of how many. */
export interface FeatureSize {
  readonly numbers: number;
  readonly categories: readonly number[];
}

/** Learns from the values of training rows, one by one. */
export interface FeatureLearner<Learned extends LearnedFeature> {
  add(value: Value): void;
  /** @throws DatasetError (`POLYTASK_DATASET`) where there was no value to learn from. */
  learned(): Learned;
}

/** Names of the tensors that a feature's encoder makes in an ONNX graph. */
export interface OnnxFeature {
  /** float32 `[rows, n]`, to be joined in this order. */
  readonly numbers: readonly string[];
  /** int32 `[rows, 1]` */
  readonly ids: readonly string[];
  /** bool `[rows]`: rows that are refused. */
  readonly refused: readonly string[];
}

/** Why a feature cannot be encoded in ONNX. */
export interface NotInOnnx {
  readonly reason: string;
}

/** All that is particular to one type of feature. */
export interface FeatureKind<Options extends FeatureOptions, Learned extends LearnedFeature> {
  /** @param feature - As it is asked for, or as it was learned. */
  read(value: unknown, feature: Options | Learned): Value | Unreadable;
  /** Whether `read` gives every number back as it is. */
  takesNumbers(feature: Options | Learned): boolean;
  /** @param pieces - Into how many pieces a column of numbers is cut at most, where its options do not say it. */
  learner(column: string, options: Options, pieces?: number): FeatureLearner<Learned>;
  size(learned: Learned): FeatureSize;
  /** A function that writes a value's numbers at `at`, or its id at `idAt`. */
  encoder(learned: Learned): (value: Value, row: EncodedRow, at: number, idAt: number) => void;
  /** How values reach an ONNX graph: numbers with NaN for none, or texts with the empty one for none. */
  readonly onnxInput: 'float64' | 'string';
  /** The encoder as ONNX operators: `values` is a tensor `[rows]`. */
  onnx(learned: Learned, values: string, graph: OnnxBuilder): OnnxFeature | NotInOnnx;
}

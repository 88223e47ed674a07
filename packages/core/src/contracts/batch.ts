import type * as tf from '@tensorflow/tfjs';
import type { HostTensor, NamedTensors } from './tensors.js';

/** What an input looks like for one row; the batch dimension comes first and is not written. */
export interface InputSpec {
  /** Shape of one row: `[784]`, `[28, 28, 1]`, `[]` for a single number. */
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  /** For columns of category ids: how many categories each of them has, in column order. */
  readonly categories?: readonly number[];
  /** For ids of one vocabulary at every position, such as the tokens of a text: how many ids there are, from 0. */
  readonly vocabulary?: number;
  /**
   * Name of the input that says which positions of a row are real (1) and which only fill it up (0), for rows of different length.
   * It is float32, and its shape is the beginning of this input's: `[length]` for `[length]` or `[length, width]`.
   */
  readonly mask?: string;
}

/** Inputs by name. */
export type InputSpecs = { readonly [name: string]: InputSpec };

/**
 * Rows on the host, ready to be fed.
 *
 * Usually every input, target and weight has the same number of rows. Where tasks have inputs of their own that are not
 * paired, each task's arrays have as many rows as its own input.
 */
export interface Batch {
  /** Number of rows, summed over data sets where tasks have data sets of their own. */
  readonly size: number;
  readonly inputs: { readonly [input: string]: HostTensor };
  readonly targets: { readonly [task: string]: HostTensor };
  /** Per task and row: 0 where the label is missing, else sample weight × class weight. */
  readonly weights: { readonly [task: string]: Float32Array };
  /** Per task and row: the row's stable id in its data set. */
  readonly ids: { readonly [task: string]: Int32Array };
  /** Index of the task whose data set a row came from; only where tasks have data sets of their own with a common input. */
  readonly rowTask?: Int32Array;
  /**
   * Where gradients are accumulated, the batches that a step goes through one after another. The batch itself then has `size`
   * and `weights` of all of them, and no rows.
   */
  readonly parts?: readonly Batch[];
  /** What a part is a part of: rows, and by task the sum of its weights and the number of its labels. */
  readonly whole?: {
    readonly size: number;
    readonly labels: { readonly [task: string]: { readonly sum: number; readonly labelled: number } };
  };
}

/** A {@link Batch} inside a program, as tensors. */
export interface TensorBatch {
  readonly inputs: NamedTensors;
  readonly targets: NamedTensors;
  /** Per task `[rows]`. */
  readonly weights: { readonly [task: string]: tf.Tensor1D };
  /** Per task `[rows]`, int32. */
  readonly ids: { readonly [task: string]: tf.Tensor1D };
  /** `[rows]`, int32. */
  readonly rowTask?: tf.Tensor1D;
}

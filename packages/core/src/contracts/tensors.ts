import type * as tf from '@tensorflow/tfjs';

/** Numbers on the host. The array class gives the dtype: `Float32Array` is float32, `Int32Array` is int32. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array;
  /** Row-major. `[]` is a scalar. */
  readonly shape: readonly number[];
}

/**
 * Numbers as a float32 {@link HostTensor}: one number becomes a scalar, a list a vector, unless a shape is given.
 *
 * @example
 * ```ts
 * import { hostTensor } from '@polytask/core';
 *
 * console.log(hostTensor(0.5).shape, hostTensor([1, 2]).shape); // => [] [ 2 ]
 * ```
 */
export function hostTensor(numbers: number | ArrayLike<number>, shape?: readonly number[]): HostTensor {
  if (typeof numbers === 'number') return { data: Float32Array.of(numbers), shape: shape ?? [] };
  return { data: Float32Array.from(numbers), shape: shape ?? [numbers.length] };
}

/** How many numbers a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Tensors by name. */
export type NamedTensors = { readonly [name: string]: tf.Tensor };

/** Tensors of these names, inside a program. */
export type TensorsNamed<Name extends string> = { readonly [N in Name]: tf.Tensor };

/** Host numbers by name: what a strategy feeds to a program at one step. */
export type HostFeeds<Name extends string = string> = { readonly [N in Name]: HostTensor };

/** Numbers that a strategy wants to have in the history, by name. */
export type LoggedNumbers = { readonly [name: string]: number };

/** Arrays of numbers that state may hold; a checkpoint gives back the same class. */
export type StateArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/**
 * State of a strategy, a sampler or a schedule as plain data: it survives `JSON` except for host tensors and typed arrays, which
 * a checkpoint stores as binary entries.
 */
export type StateValue = number | string | boolean | null | HostTensor | StateArray | readonly StateValue[] | State;
/** A record of {@link StateValue}. */
export interface State {
  readonly [key: string]: StateValue;
}

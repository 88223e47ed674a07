import { type HostTensor, requireOption, UnknownNameError } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import type { Spec } from '../ir/value.js';
import { checked } from './device.js';
import type { HostArray } from './host-array.js';

/** Shapes and dtypes of the inputs, by name. */
export type Signature = { readonly [name: string]: Spec };

/** What is fed for one input: an array of the right length, a tensor on the host, or a number for a scalar. */
export type Fed = HostArray | HostTensor | number;

/** Inputs by name. */
export type FedInputs = { readonly [input: string]: Fed };

/** Runs a function as it is, on the tfjs backend that is set. */
export async function runEagerly(
  fn: (inputs: { readonly [input: string]: tf.Tensor }) => { readonly [output: string]: tf.Tensor },
  signature: Signature,
  inputs: FedInputs,
): Promise<Record<string, HostTensor>> {
  const found = tf.tidy(() => {
    const tensors = Object.entries(signature).map(([key, { shape, dtype }]) => [
      key,
      tf.tensor(arrayFor(signature, key, inputs), [...shape], dtype),
    ]);
    // A result may be a variable, which is not ours to dispose of.
    const given = Object.entries(fn(Object.fromEntries(tensors)));
    return Object.fromEntries(given.map(([output, tensor]) => [output, tf.clone(tensor)]));
  });
  const host: Record<string, HostTensor> = {};
  for (const [output, tensor] of Object.entries(found)) {
    host[output] = { data: (await tensor.data()).slice() as HostArray, shape: tensor.shape };
  }
  tf.dispose(found);
  return host;
}

/** The array of an input, checked against the signature. */
export function arrayFor(signature: Signature, name: string, inputs: FedInputs): HostArray {
  const { shape, dtype } = signature[name] as Spec;
  const value = inputs[name];
  if (value === undefined) throw new UnknownNameError('input', name, Object.keys(inputs));
  if (typeof value === 'number')
    return checked(dtype === 'int32' ? Int32Array.of(value) : Float32Array.of(value), shape);
  const data = ArrayBuffer.isView(value) ? value : value.data;
  requireOption(
    dtype === 'int32' ? data instanceof Int32Array : data instanceof Float32Array,
    `inputs.${name}`,
    `numbers of dtype ${dtype}`,
    data.constructor.name,
  );
  return checked(data, shape);
}

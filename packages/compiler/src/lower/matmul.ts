import { type NodeValue, sizeOf, type Value } from '../ir/value.js';

import type { Builder, Operand } from './builder.js';
import { convolve } from './convolution.js';
import type { LowerCall, Lowering } from './lowering.js';

/** A product with a bias added to every row, when the product has no other use. */
export interface BiasedProduct {
  readonly product: NodeValue;
  readonly bias: Value;
}

/** Recognises `a b + bias` with matrices a and b, and a convolution with a bias for each channel. */
export function biasedProduct(
  node: NodeValue,
  users: (value: object) => readonly NodeValue[],
): BiasedProduct | undefined {
  if (node.op !== 'Add' || node.dtype !== 'float32') return undefined;
  const [a, b] = node.inputs as [Value, Value];
  for (const [product, bias] of [
    [a, b],
    [b, a],
  ] as const) {
    if (product.kind !== 'node' || product === bias || users(product).length !== 1) continue;
    if (product.shape.length !== node.shape.length || bias.shape.length > product.shape.length) continue;
    const fits =
      product.op === 'BatchMatMul' && product.shape.length === 2
        ? bias.shape.every((size, i) => size === 1 || size === product.shape[2 - bias.shape.length + i])
        : product.op === 'Conv2D' && bias.shape.at(-1) === product.shape[3] && sizeOf(bias.shape) === product.shape[3];
    if (fits) return { product, bias };
  }
  return undefined;
}

/** A product as one node, with transpositions as flags and a bias where there is one. */
export function multiply(call: LowerCall, product: NodeValue, bias?: Operand): Operand {
  const { builder, operandOf } = call;
  const { transposeA, transposeB } = product.attributes as { transposeA: boolean; transposeB: boolean };
  const [a, b] = product.inputs.map(operandOf) as [Operand, Operand];
  if (product.op === 'Conv2D') return convolve(builder, product, a, b, bias);
  if (isInnerProduct(product) && bias === undefined) return innerProduct(builder, a, b, product.shape);
  const flags = { transA: { int: transposeA ? 1 : 0 }, transB: { int: transposeB ? 1 : 0 } };
  if (product.dtype !== 'float32') {
    const inputs = [transposeA ? swapped(builder, a) : a, transposeB ? swapped(builder, b) : b];
    return builder.emit('MatMul', inputs, product.shape, a.type);
  }
  if (bias !== undefined) return builder.emit('Gemm', [a, b, bias], product.shape, 'float32', { attributes: flags });
  if (!transposeA && !transposeB) return builder.emit('MatMul', [a, b], product.shape, 'float32');
  return builder.emit('FusedMatMul', [a, b], product.shape, 'float32', { attributes: flags, domain: 'com.microsoft' });
}

function isInnerProduct({ shape, dtype }: NodeValue): boolean {
  return dtype === 'float32' && shape.length === 2 && sizeOf(shape) === 1;
}

/** Vectors from this length on are worth two nodes that make rows of them. */
const long = 512;

/**
 * The sum of products of two operands with equally many entries. A long row times another one that is transposed is read once; a row
 * times a column is copied first, into panels of sixteen columns, which takes fifteen times as long.
 */
export function innerProduct(builder: Builder, a: Operand, b: Operand, shape: readonly number[]): Operand {
  const length = sizeOf(a.shape);
  const as = (one: Operand) => builder.reshape(one, length < long ? [length] : [1, length]);
  if (length < long) return builder.reshape(builder.emit('MatMul', [as(a), as(b)], [], 'float32'), shape);
  const options = { attributes: { transB: { int: 1 } }, domain: 'com.microsoft' };
  return builder.reshape(builder.emit('FusedMatMul', [as(a), as(b)], [1, 1], 'float32', options), shape);
}

function swapped(builder: Builder, x: Operand): Operand {
  const rank = x.shape.length;
  const permutation = x.shape.map((_, i) => (i === rank - 2 ? rank - 1 : i === rank - 1 ? rank - 2 : i));
  return builder.transpose(x, permutation);
}

/** Lowering of products. */
export const lowerMatMul: Lowering = (call) => multiply(call, call.node);

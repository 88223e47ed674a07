import type { Graph } from './graph.js';
import { broadcastShape, type Value } from './value.js';

/** A product over the last two axes; transpositions of operands become flags. */
export function product(graph: Graph, a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
  const left = untransposed(a);
  const right = untransposed(b);
  const flagA = transposeA !== (left !== a);
  const flagB = transposeB !== (right !== b);
  const [rows, innerA] = lastTwo(left, flagA);
  const [innerB, columns] = lastTwo(right, flagB);
  if (innerA !== innerB) throw new Error(`Products need equal inner sizes, found ${innerA} and ${innerB}.`);
  const batch = broadcastShape([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  const shape = [...batch, rows, columns];
  if (innerA === 0) return graph.uniform(0, shape, a.dtype);
  // Fused kernels wrap plain matrices in a batch of one.
  if (shape.length > 2 && batch.every((size) => size === 1)) {
    const plain = (x: Value) => graph.reshape(x, x.shape.slice(-2));
    return graph.reshape(product(graph, plain(left), plain(right), flagA, flagB), shape);
  }
  return graph.node('BatchMatMul', [left, right], { shape, dtype: a.dtype }, { transposeA: flagA, transposeB: flagB });
}

function lastTwo({ shape }: Value, transposed: boolean): [number, number] {
  const [p, q] = shape.slice(-2) as [number, number];
  return transposed ? [q, p] : [p, q];
}

/** The operand of a transposition that swaps just the last two axes. */
function untransposed(x: Value): Value {
  if (x.kind !== 'node' || x.op !== 'Transpose') return x;
  const permutation = x.attributes.permutation as readonly number[];
  const rank = permutation.length;
  const swapped = permutation.map((_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
  return permutation.every((axis, i) => axis === swapped[i]) ? (x.inputs[0] as Value) : x;
}

import type { Graph } from '../../ir/graph.js';
import { broadcastShape, type Value } from '../../ir/value.js';
import { UnsupportedKernelError } from '../../unsupported-kernel-error.js';
import { need, type TraceRules } from '../rule.js';

/** A product over the last two axes; transpositions of operands become flags. */
function matMul(graph: Graph, a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
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
    return graph.reshape(matMul(graph, plain(left), plain(right), flagA, flagB), shape);
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

/** The activation of a fused kernel. */
export function activate(
  graph: Graph,
  x: Value,
  activation: string,
  extras: { alpha: unknown; prelu: Value | undefined },
): Value {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return graph.elementwise('Relu', [x], 'float32');
    case 'relu6':
      return graph.elementwise('Relu6', [x], 'float32');
    case 'elu':
      return graph.elementwise('Elu', [x], 'float32');
    case 'sigmoid':
      return graph.elementwise('Sigmoid', [x], 'float32');
    case 'leakyrelu':
      return graph.elementwise('LeakyRelu', [x], 'float32', { alpha: extras.alpha });
    case 'prelu':
      return graph.elementwise('Prelu', [x, extras.prelu as Value], 'float32');
    default:
      throw new UnsupportedKernelError(`fused activation ${activation}`);
  }
}

/** Products of matrices. */
export const matmulRules: TraceRules = {
  BatchMatMul: (call) => {
    const { transposeA, transposeB } = call.attributes;
    return matMul(call.graph, need(call, 'a'), need(call, 'b'), transposeA === true, transposeB === true);
  },
  _FusedMatMul: (call) => {
    const { graph, inputs, attributes } = call;
    const { transposeA, transposeB, activation, leakyreluAlpha } = attributes;
    const product = matMul(graph, need(call, 'a'), need(call, 'b'), transposeA === true, transposeB === true);
    const sum = inputs.bias === undefined ? product : graph.elementwise('Add', [product, inputs.bias], 'float32');
    return activate(graph, sum, String(activation ?? 'linear'), {
      alpha: leakyreluAlpha,
      prelu: inputs.preluActivationWeights,
    });
  },
};

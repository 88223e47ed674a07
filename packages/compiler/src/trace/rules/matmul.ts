import type { Graph } from '../../ir/graph.js';
import { product } from '../../ir/product.js';
import { UnsupportedKernelError } from '../../ir/unsupported-kernel-error.js';
import type { Value } from '../../ir/value.js';
import { need, type TraceRules } from '../rule.js';

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
    return product(call.graph, need(call, 'a'), need(call, 'b'), transposeA === true, transposeB === true);
  },
  _FusedMatMul: (call) => {
    const { graph, inputs, attributes } = call;
    const { transposeA, transposeB, activation, leakyreluAlpha } = attributes;
    const found = product(graph, need(call, 'a'), need(call, 'b'), transposeA === true, transposeB === true);
    const sum = inputs.bias === undefined ? found : graph.elementwise('Add', [found, inputs.bias], 'float32');
    return activate(graph, sum, String(activation ?? 'linear'), {
      alpha: leakyreluAlpha,
      prelu: inputs.preluActivationWeights,
    });
  },
};

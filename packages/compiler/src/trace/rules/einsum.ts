import * as tf from '@tensorflow/tfjs';
import { UnsupportedKernelError } from '../../ir/unsupported-kernel-error.js';
import { sizeOf, type Value } from '../../ir/value.js';
import type { TraceRules } from '../rule.js';

/** Sums of products over named axes. */
export const einsumRules: TraceRules = {
  Einsum: ({ graph, inputs, attributes }) => {
    const operands = Object.values(inputs);
    const [first] = operands as [Value];
    const equation = (attributes.equation as string).replace(/\s/g, '');
    const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, operands.length);
    tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, operands as unknown as tf.Tensor[]);
    if (operands.some(({ dtype }) => dtype !== first.dtype || dtype === 'bool'))
      throw new UnsupportedKernelError('Einsum of several dtypes, or of booleans');
    const sizes = new Map<string, number>();
    operands.forEach(({ shape }, i) => {
      idDims[i]?.forEach((dim, axis) => {
        sizes.set(allDims[dim] as string, shape[axis] as number);
      });
    });
    const axes = equation.slice(equation.indexOf('->') + 2);
    const spec = { shape: [...axes].map((axis) => sizes.get(axis) as number), dtype: first.dtype };
    // A sum of nothing.
    if (operands.some(({ shape }) => sizeOf(shape) === 0)) return graph.uniform(0, spec.shape, spec.dtype);
    return graph.node('Einsum', operands, spec, { equation });
  },
};

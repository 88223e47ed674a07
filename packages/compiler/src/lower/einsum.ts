import type { Lowering } from './lowering.js';

/** ONNX writes sums of products as tfjs does. */
export const lowerEinsum: Lowering = ({ builder, node, inputs }) =>
  builder.emit('Einsum', inputs, node.shape, node.dtype, {
    attributes: { equation: { string: node.attributes.equation as string } },
  });

import { type NodeValue, sameShape } from '../ir/value.js';
import { type Builder, inverse, type Operand } from './builder.js';
import type { Lowering, Lowerings } from './lowering.js';
import { innerProduct } from './matmul.js';

/** A reduction node over `axes`; a transposed operand is reduced before it is transposed. */
function reduceOver(
  builder: Builder,
  op: string,
  x: Operand,
  axes: readonly number[],
  keepDims: boolean,
  shape: readonly number[],
): Operand {
  const permutation = x.node?.permutation;
  if (permutation !== undefined) {
    const source = x.node?.inputs[0] as Operand;
    const before = axes.map((axis) => permutation[axis] as number).sort((a, b) => a - b);
    const kept = source.shape.map((size, axis) => (before.includes(axis) ? 1 : size));
    if (keepDims) return builder.transpose(reduceOver(builder, op, source, before, true, kept), permutation);
    const left = permutation.filter((axis) => !before.includes(axis));
    const sorted = [...left].sort((a, b) => a - b);
    const order = left.map((axis) => sorted.indexOf(axis));
    const inner = inverse(order).map((i) => shape[i] as number);
    return builder.transpose(reduceOver(builder, op, source, before, false, inner), order);
  }
  const [rows, ...others] = x.shape.slice(-2);
  if (op === 'ReduceSum' && x.type === 'float32' && others.length === 1 && axes.join() === `${x.shape.length - 2}`) {
    // A product with ones adds up rows several times faster.
    const ones = builder.constant('float32', [rows as number], new Float32Array(rows as number).fill(1));
    const sums = [...x.shape.slice(0, -2), others[0] as number];
    return builder.reshape(builder.emit('MatMul', [ones, x], sums, 'float32'), shape);
  }
  return builder.emit(op, [x, builder.ints(axes)], shape, x.type, {
    attributes: { keepdims: { int: keepDims ? 1 : 0 } },
  });
}

/** The inner product of two vectors, where their entries are multiplied to be added up and nothing else. */
const sum: Lowering = (call) => {
  const { builder, node, usersOf, results, operandOf } = call;
  const product = node.inputs[0] as NodeValue;
  const isProduct =
    (product.op === 'Multiply' || product.op === 'Square') &&
    product.dtype === 'float32' &&
    product.shape.length === 1 &&
    product.inputs.every(({ shape }) => sameShape(shape, product.shape));
  if (!isProduct || usersOf(product).length > 1 || results.has(product)) return reduction('ReduceSum')(call);
  const [a, b = a] = product.inputs.map(operandOf) as [Operand, Operand?];
  return innerProduct(builder, a, b, node.shape);
};

const reduction =
  (op: string): Lowering =>
  ({ builder, node, inputs: [x] }) => {
    const { axes, keepDims } = node.attributes as { axes: number[]; keepDims: boolean };
    const operand = x as Operand;
    if (operand.type !== 'bool') return reduceOver(builder, op, operand, axes, keepDims, node.shape);
    return builder.cast(reduceOver(builder, op, builder.cast(operand, 'int32'), axes, keepDims, node.shape), 'bool');
  };

/**
 * Largest or smallest entries. ONNX Runtime passes over NaN, tfjs does not, so NaN is looked for; not where the result is
 * subtracted from what it is the maximum of (every softmax does so), since NaN gets through there anyway.
 */
const extreme =
  (op: string): Lowering =>
  (call) => {
    const { builder, node, usersOf, results } = call;
    const found = reduction(op)(call);
    const x = call.inputs[0] as Operand;
    const source = node.inputs[0];
    const subtracted =
      !results.has(node) && usersOf(node).every((user) => user.op === 'Sub' && user.inputs[0] === source);
    if (x.type !== 'float32' || subtracted) return found;
    const { axes, keepDims } = node.attributes as { axes: number[]; keepDims: boolean };
    const missing = builder.cast(builder.emit('IsNaN', [x], x.shape, 'bool'), 'int32');
    const any = builder.cast(reduceOver(builder, 'ReduceMax', missing, axes, keepDims, node.shape), 'bool');
    return builder.emit('Where', [any, builder.scalar('float32', Number.NaN), found], node.shape, 'float32');
  };

const arg =
  (op: string): Lowering =>
  ({ builder, node, inputs: [x] }) => {
    const { axis } = node.attributes as { axis: number };
    const given = x as Operand;
    const operand = given.type === 'bool' ? builder.cast(given, 'int32') : given;
    const attributes = { axis: { int: axis }, keepdims: { int: 0 } };
    return builder.cast(builder.emit(op, [operand], node.shape, 'int64', { attributes }), 'int32');
  };

/** Lowerings of reductions and of operations along one axis. */
export const reductionLowerings: Lowerings = {
  Sum: sum,
  Mean: reduction('ReduceMean'),
  Prod: reduction('ReduceProd'),
  Max: extreme('ReduceMax'),
  Min: extreme('ReduceMin'),
  All: reduction('ReduceMin'),
  Any: reduction('ReduceMax'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  Softmax: ({ builder, node, inputs: [x] }) =>
    builder.emit('Softmax', [x], node.shape, 'float32', { attributes: { axis: { int: -1 } } }),
  LogSoftmax: ({ builder, node, inputs: [x] }) =>
    builder.emit('LogSoftmax', [x], node.shape, 'float32', { attributes: { axis: { int: -1 } } }),
  TopK: ({ builder, node, inputs: [x] }) => {
    const count = builder.ints([node.shape.at(-1) as number]);
    return builder.cast(builder.emit('TopK', [x, count], node.shape, 'int64', { output: 1 }), 'int32');
  },
  GatherAlong: ({ builder, node, inputs }) => {
    const [x, places] = inputs as [Operand, Operand];
    return builder.emit('GatherElements', [x, places], node.shape, x.type, { attributes: { axis: { int: -1 } } });
  },
  Cumsum: ({ builder, node, inputs: [x] }) => {
    const { axis, exclusive, reverse } = node.attributes as { axis: number; exclusive: boolean; reverse: boolean };
    const attributes = { exclusive: { int: exclusive ? 1 : 0 }, reverse: { int: reverse ? 1 : 0 } };
    return builder.emit('CumSum', [x, builder.scalar('int64', axis)], node.shape, (x as Operand).type, { attributes });
  },
};

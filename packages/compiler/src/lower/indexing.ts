import { type NodeValue, sizeOf, type Value } from '../ir/value.js';
import type { Builder, Operand } from './builder.js';
import type { LowerCall, Lowerings } from './lowering.js';
import { slice } from './shapes.js';

/**
 * Indices that make ONNX Runtime fail where tfjs does: it counts negative ones from the end, so they are moved out of range.
 */
function refuseNegative(builder: Builder, indices: Operand): Operand {
  const negative = builder.emit('Less', [indices, builder.scalar('int32', 0)], indices.shape, 'bool');
  const tooLarge = builder.scalar('int32', 2 ** 31 - 1);
  return builder.emit('Where', [negative, tooLarge, indices], indices.shape, 'int32');
}

/** The value behind reshapes. */
function unshaped(value: Value): Value {
  return value.kind === 'node' && value.op === 'Reshape' ? unshaped(value.inputs[0] as Value) : value;
}

/** Whether a lookup in the same program fails for ids outside [0, count). */
function checkedElsewhere(call: LowerCall, ids: Value, count: number): boolean {
  const source = unshaped(ids);
  const shapes = [source, ...call.usersOf(source).filter((user) => user.op === 'Reshape')];
  const users: NodeValue[] = shapes.flatMap((value) => [...call.usersOf(value)]);
  return users.some((user) => {
    if (user.op !== 'GatherV2' || unshaped(user.inputs[1] as Value) !== source) return false;
    return (user.inputs[0] as Value).shape[user.attributes.axis as number] === count;
  });
}

const zeros = (builder: Builder, shape: readonly number[], type: 'float32' | 'int32'): Operand =>
  builder.emit('Expand', [builder.scalar(type, 0), builder.ints(shape)], shape, type);

const column = (builder: Builder, ids: Operand): Operand =>
  builder.cast(builder.reshape(ids, [...ids.shape, 1]), 'int64');

/** Lowerings of lookups and scatters. */
export const indexingLowerings: Lowerings = {
  GatherV2: ({ builder, node, inputs }) => {
    const [x, given] = inputs as [Operand, Operand];
    const { axis, batchDims, exist } = node.attributes as { axis: number; batchDims: number; exist?: boolean };
    const indices = exist === true ? given : refuseNegative(builder, given);
    if (batchDims === 0)
      return builder.emit('Gather', [x, indices], node.shape, x.type, { attributes: { axis: { int: axis } } });
    // Behind the batch axes: the axis is brought to their end, looked up, and the result put in order.
    const outer = x.shape.map((_, i) => i).slice(batchDims, axis);
    const inner = x.shape.map((_, i) => i).slice(axis + 1);
    const batch = x.shape.map((_, i) => i).slice(0, batchDims);
    const moved = builder.transpose(x, [...batch, axis, ...outer, ...inner]);
    const looked = given.shape.slice(batchDims);
    const sizes = (axes: readonly number[]) => axes.map((i) => x.shape[i] as number);
    const shape = [...sizes(batch), ...looked, ...sizes(outer), ...sizes(inner)];
    const found = builder.emit('GatherND', [moved, column(builder, indices)], shape, x.type, {
      attributes: { batch_dims: { int: batchDims } },
    });
    const at = (start: number, count: number) => Array.from({ length: count }, (_, i) => start + i);
    const [b, l, o, i] = [batch.length, looked.length, outer.length, inner.length];
    return builder.transpose(found, [...at(0, b), ...at(b + l, o), ...at(b, l), ...at(b + l + o, i)]);
  },
  GatherNd: ({ builder, node, inputs }) => {
    const [x, indices] = inputs as [Operand, Operand];
    const safe = builder.cast(refuseNegative(builder, indices), 'int64');
    return builder.emit('GatherND', [x, safe], node.shape, x.type);
  },
  ScatterNd: ({ builder, node, inputs }) => {
    const [indices, updates] = inputs as [Operand, Operand];
    const safe = builder.cast(refuseNegative(builder, indices), 'int64');
    const start = zeros(builder, node.shape, updates.type === 'int32' ? 'int32' : 'float32');
    const attributes = { reduction: { string: 'add' } };
    return builder.emit('ScatterND', [start, safe, updates], node.shape, updates.type, { attributes });
  },
  UnsortedSegmentSum: (call) => {
    const { builder, node, inputs } = call;
    const [x, ids] = inputs as [Operand, Operand];
    const [count, ...row] = node.shape as [number, ...number[]];
    const flat = builder.reshape(ids, [sizeOf(ids.shape)]);
    const rows = builder.reshape(x, [sizeOf(ids.shape), ...row]);
    const attributes = { reduction: { string: 'add' } };
    if (checkedElsewhere(call, node.inputs[1] as Value, count)) {
      return builder.emit(
        'ScatterND',
        [zeros(builder, node.shape, 'float32'), column(builder, flat), rows],
        node.shape,
        'float32',
        {
          attributes,
        },
      );
    }
    // Rows of ids outside the range are dropped: they go to one more segment, which is cut off.
    const emit = (op: string, operands: Operand[], type: 'bool' | 'int32') =>
      builder.emit(op, operands, flat.shape, type);
    const limit = builder.scalar('int32', count);
    const outside = emit(
      'Or',
      [emit('Less', [flat, builder.scalar('int32', 0)], 'bool'), emit('GreaterOrEqual', [flat, limit], 'bool')],
      'bool',
    );
    const safe = emit('Where', [outside, limit, flat], 'int32');
    const larger = [count + 1, ...row];
    const sums = builder.emit(
      'ScatterND',
      [zeros(builder, larger, 'float32'), column(builder, safe), rows],
      larger,
      'float32',
      {
        attributes,
      },
    );
    return slice(
      builder,
      sums,
      larger.map(() => 0),
      node.shape,
    );
  },
};

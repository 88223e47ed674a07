import { sizeOf } from '../ir/value.js';
import type { Builder, Operand } from './builder.js';
import type { Lowerings } from './lowering.js';

/** A part of x, every `steps`-th entry; negative steps run backwards. */
export function slice(
  builder: Builder,
  x: Operand,
  begin: readonly number[],
  shape: readonly number[],
  steps: readonly number[] = shape.map(() => 1),
): Operand {
  const axes = x.shape.map((_, i) => i).filter((i) => begin[i] !== 0 || shape[i] !== x.shape[i] || steps[i] !== 1);
  if (axes.length === 0) return x;
  const starts = axes.map((i) => begin[i] as number);
  const ends = axes.map((i) => {
    const [start, step, size] = [begin[i] as number, steps[i] as number, shape[i] as number];
    const end = start + step * (size - 1) + Math.sign(step);
    // −1 would mean the last entry; before the first one is further down.
    return end < 0 ? -(2 ** 31) : end;
  });
  const inputs = [x, builder.ints(starts), builder.ints(ends), builder.ints(axes)];
  if (steps.some((step) => step !== 1)) inputs.push(builder.ints(axes.map((i) => steps[i] as number)));
  return builder.emit('Slice', inputs, shape, x.type);
}

/** Values side by side. */
function concat(builder: Builder, parts: readonly Operand[], axis: number): Operand {
  const [first] = parts as [Operand];
  if (parts.length === 1) return first;
  const shape = first.shape.map((size, i) =>
    i === axis ? parts.reduce((sum, one) => sum + (one.shape[axis] as number), 0) : size,
  );
  return builder.emit('Concat', parts, shape, first.type, { attributes: { axis: { int: axis } } });
}

/** Zeros (or `value`) before and behind; pads are all befores, then all afters. */
export function pad(
  builder: Builder,
  x: Operand,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Operand {
  if ([...before, ...after].every((size) => size === 0)) return x;
  const shape = x.shape.map((size, i) => size + (before[i] as number) + (after[i] as number));
  const fill = builder.cast(builder.scalar('float32', value), x.type);
  return builder.emit('Pad', [x, builder.ints([...before, ...after]), fill], shape, x.type);
}

/** Runs an operation on bytes or whole numbers where ONNX Runtime has none for booleans. */
function withoutBool(builder: Builder, x: Operand, compute: (x: Operand) => Operand): Operand {
  return x.type === 'bool' ? builder.cast(compute(builder.cast(x, 'int32')), 'bool') : compute(x);
}

/** Lowerings of operations that move entries. */
export const shapeLowerings: Lowerings = {
  Reshape: ({ builder, node, inputs }) => builder.reshape(inputs[0] as Operand, node.shape),
  Transpose: ({ builder, node, inputs }) =>
    builder.transpose(inputs[0] as Operand, node.attributes.permutation as number[]),
  BroadcastTo: ({ builder, node, inputs }) => {
    const x = inputs[0] as Operand;
    if (sizeOf(x.shape) === sizeOf(node.shape)) return builder.reshape(x, node.shape);
    return builder.emit('Expand', [x, builder.ints(node.shape)], node.shape, x.type);
  },
  Slice: ({ builder, node, inputs }) =>
    slice(builder, inputs[0] as Operand, node.attributes.begin as number[], node.shape),
  StridedSlice: ({ builder, node, inputs }) => {
    const { begin, strides } = node.attributes as { begin: number[]; strides: number[] };
    return slice(builder, inputs[0] as Operand, begin, node.shape, strides);
  },
  Reverse: ({ builder, node, inputs }) => {
    const axes = node.attributes.axes as number[];
    const begin = node.shape.map((size, i) => (axes.includes(i) ? size - 1 : 0));
    const steps = node.shape.map((_, i) => (axes.includes(i) ? -1 : 1));
    return slice(builder, inputs[0] as Operand, begin, node.shape, steps);
  },
  Concat: ({ builder, node, inputs }) => concat(builder, inputs, node.attributes.axis as number),
  Tile: ({ builder, node, inputs }) => {
    const times = node.attributes.times as number[];
    return withoutBool(builder, inputs[0] as Operand, (x) =>
      builder.emit('Tile', [x, builder.ints(times)], node.shape, x.type),
    );
  },
  PadV2: ({ builder, node, inputs }) => {
    const { paddings, value } = node.attributes as { paddings: [number, number][]; value: number };
    const before = paddings.map(([one]) => one);
    const after = paddings.map(([, one]) => one);
    return withoutBool(builder, inputs[0] as Operand, (x) => pad(builder, x, before, after, value));
  },
  MirrorPad: ({ builder, node, inputs }) => {
    const { paddings, mode } = node.attributes as { paddings: [number, number][]; mode: string };
    const amounts = builder.ints([...paddings.map(([one]) => one), ...paddings.map(([, one]) => one)]);
    // ONNX' `reflect` leaves the border out, as tfjs' does; repeating it is a mirror around the border's outer edge.
    if (mode === 'reflect') {
      const attributes = { mode: { string: 'reflect' } };
      return builder.emit('Pad', [inputs[0], amounts], node.shape, (inputs[0] as Operand).type, { attributes });
    }
    return paddings.reduce((x, [before, after], axis) => {
      const size = x.shape[axis] as number;
      const edge = (start: number, count: number) => {
        const shape = x.shape.map((full, i) => (i === axis ? count : full));
        const begin = x.shape.map((_, i) => (i === axis ? start : 0));
        return slice(
          builder,
          x,
          begin,
          shape,
          x.shape.map((_, i) => (i === axis ? -1 : 1)),
        );
      };
      const parts = [x];
      if (before > 0) parts.unshift(edge(before - 1, before));
      if (after > 0) parts.push(edge(size - 1, after));
      return concat(builder, parts, axis);
    }, inputs[0] as Operand);
  },
};

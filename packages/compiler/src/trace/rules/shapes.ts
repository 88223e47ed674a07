import * as tf from '@tensorflow/tfjs';
import { concat } from '../../ir/concat.js';
import type { Graph } from '../../ir/graph.js';
import { type DType, sizeOf, type Value } from '../../ir/value.js';
import { need, type RuleCall, type TraceRules } from '../rule.js';

/** A slice along an axis. */
export function along(graph: Graph, x: Value, axis: number, start: number, size: number): Value {
  const begin = x.shape.map((_, i) => (i === axis ? start : 0));
  return graph.slice(
    x,
    begin,
    x.shape.map((full, i) => (i === axis ? size : full)),
  );
}

/** A value with a border of equal numbers, this many before and behind along each axis. */
export function padded(graph: Graph, x: Value, paddings: readonly (readonly [number, number])[], value: number): Value {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((size, i) => size + (paddings[i]?.[0] as number) + (paddings[i]?.[1] as number));
  if (x.kind === 'uniform' && (x.fill === value || sizeOf(x.shape) === 0)) return graph.uniform(value, shape, x.dtype);
  return graph.node('PadV2', [x], { shape, dtype: x.dtype }, { paddings, value });
}

const axisOf = (call: RuleCall, x: Value, fallback = 0): number =>
  (tf.util.parseAxisParam((call.attributes.axis ?? fallback) as number, [...x.shape]) as [number])[0];

/** Kernels that move entries without computing. */
export const shapeRules: TraceRules = {
  Reshape: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    return graph.reshape(x, tf.util.inferFromImplicitShape([...(attributes.shape as number[])], sizeOf(x.shape)));
  },
  ExpandDims: ({ graph, inputs, attributes }) => {
    const x = inputs.input as Value;
    const dim = attributes.dim as number;
    const shape = [...x.shape];
    shape.splice(dim < 0 ? x.shape.length + dim + 1 : dim, 0, 1);
    return graph.reshape(x, shape);
  },
  Transpose: ({ graph, inputs, attributes }) => graph.transpose(inputs.x as Value, attributes.perm as number[]),
  Slice: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const tensor = { shape: x.shape, rank: x.shape.length } as unknown as tf.Tensor;
    const [begin, size] = tf.slice_util.parseSliceParams(
      tensor,
      attributes.begin as number[],
      attributes.size as number[],
    );
    tf.slice_util.assertParamsValid(tensor, begin as number[], size as number[]);
    return graph.slice(x, begin as number[], size as number[]);
  },
  StridedSlice: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
    const info = tf.slice_util.sliceInfo(
      [...x.shape],
      begin as number[],
      end as number[],
      strides as number[],
      beginMask as number,
      endMask as number,
      ellipsisMask as number,
      newAxisMask as number,
      shrinkAxisMask as number,
    );
    if (info.isIdentity) return graph.reshape(x, info.finalShape);
    const shape = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
    if (sizeOf(info.finalShape) === 0) return graph.uniform(0, info.finalShape, x.dtype);
    const sliced = info.strides.every((stride) => stride === 1)
      ? graph.slice(x, info.begin, shape)
      : graph.node('StridedSlice', [x], { shape, dtype: x.dtype }, { begin: info.begin, strides: info.strides });
    return graph.reshape(sliced, info.finalShape);
  },
  Tile: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const reps = attributes.reps as number[];
    const rank = Math.max(reps.length, x.shape.length);
    const ones = (count: number) => new Array<number>(count).fill(1);
    const from = graph.reshape(x, [...ones(rank - x.shape.length), ...x.shape]);
    const times = [...ones(rank - reps.length), ...reps];
    const shape = from.shape.map((size, i) => size * (times[i] as number));
    if (from.shape.every((size, i) => size === 1 || times[i] === 1)) return graph.broadcastTo(from, shape);
    if (from.kind === 'uniform') return graph.uniform(from.fill, shape, x.dtype);
    return graph.node('Tile', [from], { shape, dtype: x.dtype }, { times });
  },
  Concat: (call) => {
    const values = Object.values(call.inputs);
    return concat(call.graph, values, axisOf(call, values[0] as Value));
  },
  Pack: ({ graph, inputs, attributes }) => {
    const values = Object.values(inputs);
    const rank = (values[0] as Value).shape.length + 1;
    const given = (attributes.axis ?? 0) as number;
    const axis = given < 0 ? given + rank : given;
    const expanded = values.map((one) =>
      graph.reshape(one, [...one.shape.slice(0, axis), 1, ...one.shape.slice(axis)]),
    );
    return concat(graph, expanded, axis);
  },
  Unpack: (call) => {
    const x = need(call, 'value');
    const axis = axisOf(call, x);
    const shape = x.shape.filter((_, i) => i !== axis);
    return Array.from({ length: x.shape[axis] as number }, (_, i) =>
      call.graph.reshape(along(call.graph, x, axis, i, 1), shape),
    );
  },
  SplitV: (call) => {
    const x = need(call, 'x');
    const axis = axisOf(call, x);
    const sizes = tf.backend_util.prepareSplitSize(
      x as unknown as tf.Tensor,
      call.attributes.numOrSizeSplits as number[] | number,
      axis,
    );
    let start = 0;
    return sizes.map((size) => {
      const part = along(call.graph, x, axis, start, size);
      start += size;
      return part;
    });
  },
  PadV2: (call) => {
    const { paddings, constantValue } = call.attributes as { paddings: [number, number][]; constantValue?: number };
    return padded(call.graph, need(call, 'x'), paddings, constantValue ?? 0);
  },
  MirrorPad: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const { paddings, mode } = attributes as { paddings: [number, number][]; mode: string };
    const shape = x.shape.map((size, i) => size + (paddings[i]?.[0] as number) + (paddings[i]?.[1] as number));
    return graph.node('MirrorPad', [x], { shape, dtype: x.dtype }, { paddings, mode });
  },
  Reverse: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const axes = tf.util.parseAxisParam(attributes.dims as number[], [...x.shape]);
    if (x.shape.length === 0) return x;
    return graph.node('Reverse', [x], { shape: x.shape, dtype: x.dtype as DType }, { axes });
  },
};

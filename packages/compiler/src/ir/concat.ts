import type { Graph } from './graph.js';
import { type NodeValue, sizeOf, type Value } from './value.js';

/**
 * Values side by side along an axis; empty ones are left out. Along the first axis numbers simply follow each other, so a
 * concatenation of concatenations is one, and a value that was cut into slices is that value.
 */
export function concat(graph: Graph, values: readonly Value[], axis: number): Value {
  const [first] = values as [Value];
  const shape = first.shape.map((size, i) =>
    i === axis ? values.reduce((sum, one) => sum + (one.shape[axis] as number), 0) : size,
  );
  const parts = values.filter((one) => sizeOf(one.shape) > 0);
  if (parts.length === 1) return parts[0] as Value;
  const fill = parts[0]?.kind === 'uniform' ? parts[0].fill : undefined;
  if (fill !== undefined && parts.every((one) => one.kind === 'uniform' && one.fill === fill)) {
    return graph.uniform(fill, shape, first.dtype);
  }
  if (axis !== 0) return graph.node('Concat', parts, { shape, dtype: first.dtype }, { axis });
  const whole = slicedFrom(parts);
  if (whole !== undefined) return graph.reshape(whole, shape);
  if (!parts.some((one) => joined(one) !== undefined)) {
    return graph.node('Concat', parts, { shape, dtype: first.dtype }, { axis });
  }
  const flat = parts.flatMap((one) => joined(one)?.inputs ?? [one]).map((one) => graph.reshape(one, [-1]));
  const size = sizeOf(shape);
  return graph.reshape(graph.node('Concat', flat, { shape: [size], dtype: first.dtype }, { axis: 0 }), shape);
}

/** The concatenation along the first axis whose numbers a value holds, in their order. */
export function joined(value: Value): NodeValue | undefined {
  const bare = reshaped(value);
  return bare.kind === 'node' && bare.op === 'Concat' && bare.attributes.axis === 0 ? bare : undefined;
}

/** The value whose numbers, in their order, a reshape gives. */
export function reshaped(value: Value): Value {
  return value.kind === 'node' && value.op === 'Reshape' ? (value.inputs[0] as Value) : value;
}

/** The value of which `parts` are all slices along the first axis, in order. */
function slicedFrom(parts: readonly Value[]): Value | undefined {
  let source: Value | undefined;
  let row = 0;
  for (const part of parts) {
    const slice = reshaped(part);
    if (slice.kind !== 'node' || slice.op !== 'Slice') return undefined;
    const from = slice.inputs[0] as Value;
    const [start, ...others] = slice.attributes.begin as readonly number[];
    const whole = others.every((begin) => begin === 0) && sizeOf(slice.shape.slice(1)) === sizeOf(from.shape.slice(1));
    if ((source ?? from) !== from || start !== row || !whole) return undefined;
    source = from;
    row += slice.shape[0] as number;
  }
  return source?.shape[0] === row ? source : undefined;
}

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
  const pieces = parts.flatMap((one) => joined(one)?.inputs ?? [one]);
  const whole = slicedFrom(pieces);
  if (whole !== undefined) return graph.reshape(whole, shape);
  if (pieces.length === parts.length) return graph.node('Concat', parts, { shape, dtype: first.dtype }, { axis });
  const flat = pieces.map((one) => graph.reshape(one, [-1]));
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

/** The value whose numbers `parts` hold one after the other, all of them slices of it. */
function slicedFrom(parts: readonly Value[]): Value | undefined {
  let source: Value | undefined;
  let end = 0;
  for (const part of parts) {
    const slice = reshaped(part);
    if (slice.kind !== 'node' || slice.op !== 'Slice') return undefined;
    const from = slice.inputs[0] as Value;
    if ((source ?? from) !== from || startOf(slice, from.shape) !== end) return undefined;
    source = from;
    end += sizeOf(slice.shape);
  }
  return source !== undefined && sizeOf(source.shape) === end ? source : undefined;
}

/** Where a slice begins among the numbers of what it was cut from; undefined where it does not lie in one piece. */
function startOf(slice: NodeValue, shape: readonly number[]): number | undefined {
  const begin = slice.attributes.begin as readonly number[];
  const first = slice.shape.findIndex((size) => size > 1);
  if (first >= 0 && slice.shape.some((size, axis) => axis > first && size !== shape[axis])) return undefined;
  return begin.reduce((start, at, axis) => start * (shape[axis] as number) + at, 0);
}

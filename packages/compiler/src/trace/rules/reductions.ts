import * as tf from '@tensorflow/tfjs';
import { concat } from '../../ir/concat.js';
import type { Graph } from '../../ir/graph.js';
import { UnsupportedKernelError } from '../../ir/unsupported-kernel-error.js';
import { type DType, sizeOf, type Value } from '../../ir/value.js';
import { need, type RuleCall, type TraceRule, type TraceRules } from '../rule.js';
import { along, padded } from './shapes.js';

/** A reduction over `axes`; several of them are one node. */
function reduce(graph: Graph, op: string, x: Value, axis: unknown, keepDims: boolean, dtype: DType): Value {
  const axes = tf.util.parseAxisParam((axis ?? null) as number | number[], [...x.shape]).sort((a, b) => a - b);
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const shape = keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i));
  const count = axes.reduce((product, i) => product * (x.shape[i] as number), 1);
  // Over one entry every reduction but a count is that entry.
  if (count === 1 && x.dtype === dtype) return graph.reshape(x, shape);
  if (x.kind === 'uniform' && count > 0 && sizeOf(x.shape) > 0) {
    const fill = op === 'Sum' ? Math.fround(x.fill * count) : op === 'Prod' ? Math.fround(x.fill ** count) : x.fill;
    return graph.uniform(fill, shape, dtype);
  }
  return graph.node(op, [graph.cast(x, dtype)], { shape, dtype }, { axes, keepDims });
}

const reduction =
  (op: string, dtype: (x: Value) => DType, axisName = 'axis'): TraceRule =>
  (call) => {
    const x = need(call, 'x');
    return reduce(call.graph, op, x, call.attributes[axisName], call.attributes.keepDims === true, dtype(x));
  };

const counted = (x: Value): DType => (x.dtype === 'bool' ? 'int32' : x.dtype);
const same = (x: Value): DType => x.dtype;

const arg =
  (op: string): TraceRule =>
  (call) => {
    const x = need(call, 'x');
    const [axis] = tf.util.parseAxisParam((call.attributes.axis ?? 0) as number, [...x.shape]) as [number];
    const shape = x.shape.filter((_, i) => i !== axis);
    return call.graph.node(op, [x], { shape, dtype: 'int32' }, { axis });
  };

/** Axes up to this size are multiplied up one entry after the other. */
const longestChain = 256;

/** Products of all entries so far along an axis, written out. */
function cumulativeProduct({ graph, inputs, attributes }: RuleCall): Value {
  const given = inputs.x as Value;
  const x = graph.cast(given, counted(given));
  const [axis] = tf.util.parseAxisParam((attributes.axis ?? 0) as number, [...x.shape]) as [number];
  const length = x.shape[axis] as number;
  const { exclusive, reverse } = attributes as { exclusive?: boolean; reverse?: boolean };
  if (length > longestChain) return doubledProduct(graph, x, axis, exclusive === true, reverse === true);
  const entries = Array.from({ length }, (_, i) => along(graph, x, axis, i, 1));
  if (reverse === true) entries.reverse();
  let product: Value = graph.uniform(1, (entries[0] as Value).shape, x.dtype);
  const products = entries.map((entry) => {
    const before = product;
    product = graph.elementwise('Multiply', [product, entry], x.dtype);
    return exclusive === true ? before : product;
  });
  if (reverse === true) products.reverse();
  return concat(graph, products, axis);
}

/** The same in log₂ n multiplications: after each one, an entry is the product of twice as many. */
function doubledProduct(graph: Graph, x: Value, axis: number, exclusive: boolean, reverse: boolean): Value {
  const length = x.shape[axis] as number;
  /** Every entry moved along the axis by this many places, ones behind it. */
  const moved = (value: Value, places: number) => {
    const paddings = x.shape.map((_, i): [number, number] =>
      i !== axis ? [0, 0] : reverse ? [0, places] : [places, 0],
    );
    const kept = along(graph, value, axis, reverse ? places : 0, length - places);
    return padded(graph, kept, paddings, 1);
  };
  let product = exclusive ? moved(x, 1) : x;
  for (let places = 1; places < length; places *= 2) {
    product = graph.elementwise('Multiply', [product, moved(product, places)], x.dtype);
  }
  return product;
}

/** The k largest entries along the last axis, largest first, and where they were. Of equal ones, the first comes first. */
function largest(call: RuleCall): Value[] {
  const { graph, attributes } = call;
  const x = need(call, 'x');
  if (x.dtype === 'bool') throw new UnsupportedKernelError('TopK of booleans');
  const shape = [...x.shape.slice(0, -1), attributes.k as number];
  const places = graph.node('TopK', [x], { shape, dtype: 'int32' });
  return [graph.node('GatherAlong', [x, places], { shape, dtype: x.dtype }), places];
}

/** Kernels that make axes smaller, and those that run along one. */
export const reductionRules: TraceRules = {
  Sum: reduction('Sum', counted),
  Mean: reduction('Mean', () => 'float32'),
  Prod: reduction('Prod', counted),
  Max: reduction('Max', same, 'reductionIndices'),
  Min: reduction('Min', same),
  All: reduction('All', same),
  Any: reduction('Any', same),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  Softmax: (call) => {
    const x = need(call, 'logits');
    return call.graph.node('Softmax', [call.graph.cast(x, 'float32')], { shape: x.shape, dtype: 'float32' });
  },
  TopK: largest,
  Cumprod: cumulativeProduct,
  Cumsum: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const { exclusive, reverse } = attributes;
    const [axis] = tf.util.parseAxisParam((attributes.axis ?? 0) as number, [...x.shape]) as [number];
    const dtype = counted(x);
    return graph.node(
      'Cumsum',
      [graph.cast(x, dtype)],
      { shape: x.shape, dtype },
      {
        axis,
        exclusive: exclusive === true,
        reverse: reverse === true,
      },
    );
  },
};

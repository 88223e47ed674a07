import type { Graph } from './graph.js';
import { type Attributes, broadcastShape, type DType, type NodeValue, sameShape, type Value } from './value.js';

/** A simpler way to what an elementwise operation gives, or undefined. Operands are stripped of broadcasts. */
export function simplifyElementwise(
  graph: Graph,
  op: string,
  inputs: readonly Value[],
  dtype: DType,
  attributes: Attributes,
): Value | undefined {
  const [a, b] = inputs as [Value, Value];
  switch (op) {
    case 'Multiply':
      if (isFill(b, 1) && a.dtype === dtype) return a;
      if (isFill(a, 1) && b.dtype === dtype) return b;
      return gate(graph, a, b) ?? gate(graph, b, a);
    case 'Add':
      // x + 0 is not x for x = -0, which no computation that follows can tell except 1 / x.
      if (isFill(b, 0) && a.dtype === dtype) return a;
      return isFill(a, 0) && b.dtype === dtype ? b : undefined;
    case 'Sub':
      if (isFill(b, 0) && a.dtype === dtype) return a;
      return logSoftmax(graph, a, b);
    case 'RealDiv':
      return isFill(b, 1) && a.dtype === dtype ? a : undefined;
    case 'Pow':
      if (isFill(b, 1) && a.dtype === dtype) return a;
      if (isFill(b, 2) && a.dtype === dtype) return graph.elementwise('Multiply', [a, a], dtype);
      return undefined;
    case 'Neg':
    case 'LogicalNot':
      return a.kind === 'node' && a.op === op ? a.inputs[0] : undefined;
    case 'Relu':
    case 'Abs':
      return a.kind === 'node' && (a.op === 'Relu' || (op === 'Abs' && a.op === 'Abs')) ? a : undefined;
    case 'Cast':
      // int32 to float32 and back is the same for numbers below 2^24 only, so just a boolean's casts are shortened.
      if (a.kind === 'node' && a.op === 'Cast' && (a.inputs[0] as Value).dtype === 'bool') {
        return graph.elementwise('Cast', a.inputs, attributes.dtype as DType, attributes);
      }
      return undefined;
    default:
      return undefined;
  }
}

/**
 * `y · step(x)`, the gradient of a rectifier, is y times the rectifier's slope, taken from what the rectifier gave: x itself is
 * not needed any longer.
 */
function gate(graph: Graph, y: Value, step: Value): Value | undefined {
  if (step.kind !== 'node' || step.op !== 'Step' || step.attributes.alpha !== 0 || y.dtype !== 'float32')
    return undefined;
  const x = step.inputs[0] as Value;
  if (x.kind === 'data' || x.dtype !== 'float32') return undefined;
  if (!sameShape(broadcastShape([x.shape, y.shape]), broadcastShape([step.shape, y.shape]))) return undefined;
  const slope = graph.elementwise('ReluSlope', [graph.elementwise('Relu', [x], 'float32')], 'float32');
  return graph.elementwise('Multiply', [y, slope], 'float32');
}

/** `x − log Σ eˣ` along the last axis, whether or not the largest x was taken out first. */
function logSoftmax(graph: Graph, x: Value, logarithm: Value): Value | undefined {
  const sum = inputOf(logarithm, 'Log');
  const power = sum && inputOf(sum, 'Sum');
  if (power === undefined || inputOf(power, 'Exp') !== x || x.dtype !== 'float32') return undefined;
  if (!isAlongLastAxis(sum as NodeValue, x)) return undefined;
  const [source, largest] = x.kind === 'node' && x.op === 'Sub' ? (x.inputs as [Value, Value]) : [];
  const shifted =
    largest !== undefined &&
    inputOf(largest, 'Max') === source &&
    isAlongLastAxis(largest as NodeValue, source as Value);
  return graph.node('LogSoftmax', [shifted ? (source as Value) : x], { shape: x.shape, dtype: 'float32' });
}

/** The operand of `op`, where the value is that operation. */
function inputOf(value: Value, op: string): Value | undefined {
  return value.kind === 'node' && value.op === op ? value.inputs[0] : undefined;
}

/** Whether a reduction goes over the last axis of x, which it keeps. */
function isAlongLastAxis({ attributes }: NodeValue, x: Value): boolean {
  const { axes, keepDims } = attributes as { axes: readonly number[]; keepDims: boolean };
  return keepDims && axes.length === 1 && axes[0] === x.shape.length - 1;
}

function isFill(value: Value, fill: number): boolean {
  return value.kind === 'uniform' && value.fill === fill;
}

import { reachable } from '../ir/graph.js';
import { UnsupportedKernelError } from '../ir/unsupported-kernel-error.js';
import { constantData, type InputValue, isConstant, type NodeValue, sizeOf, type Value } from '../ir/value.js';
import { type Builder, createBuilder, type Operand } from './builder.js';
import { convolutionLowerings } from './convolution.js';
import { lowerEinsum } from './einsum.js';
import { elementwiseLowerings } from './elementwise.js';
import { indexingLowerings } from './indexing.js';
import type { LowerCall, Lowerings } from './lowering.js';
import { biasedProduct, lowerMatMul, multiply } from './matmul.js';
import type { OnnxGraph, OnnxNode, OnnxTensorInfo } from './onnx/graph.js';
import { poolingLowerings } from './pooling.js';
import { reductionLowerings } from './reductions.js';
import { resizeLowerings } from './resize.js';
import { shapeLowerings } from './shapes.js';

/** Every operation that can be lowered. */
const lowerings: Lowerings = {
  ...elementwiseLowerings,
  ...reductionLowerings,
  ...shapeLowerings,
  ...indexingLowerings,
  ...convolutionLowerings,
  ...poolingLowerings,
  ...resizeLowerings,
  BatchMatMul: lowerMatMul,
  Einsum: lowerEinsum,
};

/** An input of a lowered program. */
export interface LoweredInput extends OnnxTensorInfo {
  readonly source: InputValue;
}

/** A lowered program. */
export interface Lowered {
  readonly graph: OnnxGraph;
  /** The graph's inputs, in their order. */
  readonly inputs: readonly LoweredInput[];
}

/**
 * Lowers what `outputs` depend on to an ONNX graph with these outputs. Outputs must be computed: constants and inputs are
 * refused, since they need no graph.
 *
 * @throws `POLYTASK_UNSUPPORTED_KERNEL` where an operation has no ONNX equivalent.
 */
export function lower(name: string, outputs: ReadonlyMap<string, Value>): Lowered {
  const builder = createBuilder();
  const values = reachable([...outputs.values()]);
  const users = new Map<object, NodeValue[]>();
  const results = new Set<Value>(outputs.values());
  for (const value of values) {
    if (value.kind !== 'node') continue;
    for (const input of new Set(value.inputs)) users.set(input, [...(users.get(input) ?? []), value]);
  }
  const usersOf = (value: object) => users.get(value) ?? [];
  const operands = new Map<Value, Operand>();
  const inputs: LoweredInput[] = [];
  const operandOf = (value: Value): Operand => {
    const known = operands.get(value);
    if (known !== undefined) return known;
    const made = leaf(builder, value);
    if (value.kind === 'input') {
      inputs.push({ name: value.name, type: value.dtype, shape: value.shape, source: value });
    }
    operands.set(value, made);
    return made;
  };
  const biased = new Map<NodeValue, ReturnType<typeof biasedProduct>>();
  const absorbed = new Set<Value>();
  for (const value of values) {
    if (value.kind !== 'node') continue;
    const found = biasedProduct(value, usersOf);
    if (found === undefined || results.has(found.product) || absorbed.has(found.product)) continue;
    biased.set(value, found);
    absorbed.add(found.product);
  }
  for (const value of values) {
    if (value.kind !== 'node' || absorbed.has(value)) continue;
    const call: LowerCall = {
      builder,
      node: value,
      inputs: value.inputs.map((one) => (absorbed.has(one) ? (undefined as never) : operandOf(one))),
      usersOf,
      operandOf,
      results,
    };
    const sum = biased.get(value);
    if (sum !== undefined) {
      operands.set(value, multiply(call, sum.product, operandOf(sum.bias)));
      continue;
    }
    const lowering = lowerings[value.op];
    if (lowering === undefined) throw new UnsupportedKernelError(value.op);
    operands.set(value, lowering(call));
  }
  return finish(name, builder, outputs, operandOf, inputs);
}

/** Inputs and constants. */
function leaf(builder: Builder, value: Value): Operand {
  if (value.kind === 'input') return builder.input(value.name, value.dtype, value.shape);
  if (!isConstant(value)) throw new Error(`Operation \`${value.op}\` was used before it was lowered.`);
  if (value.kind === 'uniform' && sizeOf(value.shape) > 256) {
    const one = builder.cast(builder.constant(value.dtype, [], constantData({ ...value, shape: [] })), value.dtype);
    return builder.emit('Expand', [one, builder.ints(value.shape)], value.shape, value.dtype);
  }
  return builder.constant(value.dtype, value.shape, constantData(value));
}

/** Keeps what outputs need, and gives outputs their names. */
function finish(
  name: string,
  builder: Builder,
  outputs: ReadonlyMap<string, Value>,
  operandOf: (value: Value) => Operand,
  inputs: readonly LoweredInput[],
): Lowered {
  const final: OnnxNode[] = [];
  const infos: OnnxTensorInfo[] = [];
  const renamed = new Map<string, string>();
  for (const [output, value] of outputs) {
    const operand = operandOf(value);
    infos.push({ name: output, type: operand.type as OnnxTensorInfo['type'], shape: value.shape });
    if (operand.node !== undefined && !renamed.has(operand.name)) renamed.set(operand.name, output);
    else final.push({ op: 'Identity', inputs: [operand.name], outputs: [output] });
  }
  const rename = (one: string) => renamed.get(one) ?? one;
  const needed = new Set([...renamed.keys(), ...final.flatMap((node) => node.inputs)]);
  const nodes: OnnxNode[] = [];
  for (const { onnx } of [...builder.nodes].reverse()) {
    if (!onnx.outputs.some((one) => needed.has(one))) continue;
    for (const input of onnx.inputs) needed.add(input);
    nodes.push({ ...onnx, inputs: onnx.inputs.map(rename), outputs: onnx.outputs.map(rename) });
  }
  nodes.reverse();
  const read = inputs.filter((input) => needed.has(input.name));
  const graph = {
    name,
    inputs: read.map(({ source, ...info }) => info),
    outputs: infos,
    constants: builder.constants.filter((constant) => needed.has(constant.name)),
    nodes: [...nodes, ...final.map((node) => ({ ...node, inputs: node.inputs.map(rename) }))],
  };
  return { graph, inputs: read };
}

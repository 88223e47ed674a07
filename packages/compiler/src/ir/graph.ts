import type { Attributes, Constant, DType, Spec, UniformValue, Value } from './value.js';

/**
 * A graph under construction. Equal operations on equal values are one node; constants are computed at once; identities
 * (`x · 1`, a reshape of a reshape) are never built. Nodes are numbered so that inputs come before what uses them.
 */
export interface Graph {
  /** Numbers that come from outside. An input without entries is a constant. */
  input(name: string, spec: Spec): Value;
  /** A constant with all entries equal. */
  uniform(fill: number, shape: readonly number[], dtype: DType): UniformValue;
  /** A constant; the array is kept, not copied. */
  constant(data: Float32Array | Int32Array | Uint8Array, spec: Spec): Constant;
  /** An operation, built as it stands. */
  node(op: string, inputs: readonly Value[], spec: Spec, attributes?: Attributes): Value;
  /** An operation entry by entry over operands that are broadcast; its result has the operands' common shape. */
  elementwise(op: string, inputs: readonly Value[], dtype: DType, attributes?: Attributes): Value;
  /** What a kernel of tfjs gives for constants: a list where the kernel gives one. `names` as `evaluateKernel` takes them. */
  evaluate(
    kernel: string,
    inputs: readonly Constant[],
    attributes?: Attributes,
    names?: readonly string[] | null,
  ): Constant | readonly Constant[];
  cast(x: Value, dtype: DType): Value;
  /** `[-1]` is flat. */
  reshape(x: Value, shape: readonly number[]): Value;
  /** Axis i of the result is axis `permutation[i]` of x. */
  transpose(x: Value, permutation: readonly number[]): Value;
  broadcastTo(x: Value, shape: readonly number[]): Value;
  slice(x: Value, begin: readonly number[], size: readonly number[]): Value;
}

/** All values that `outputs` depend on, themselves included, inputs before what uses them. */
export function reachable(outputs: readonly Value[]): Value[] {
  const found = new Set<Value>();
  const open = [...outputs];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    if (value.kind === 'node') open.push(...value.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

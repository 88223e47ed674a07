import type { NodeValue, Value } from '../ir/value.js';
import type { Builder, Operand } from './builder.js';

/** What a lowering works with: the builder, the node, its inputs, and questions about the whole program. */
export interface LowerCall {
  readonly builder: Builder;
  readonly node: NodeValue;
  readonly inputs: readonly Operand[];
  /** Values that the program gives. */
  readonly results: ReadonlySet<Value>;
  /** Nodes of the program that use a value. */
  readonly usersOf: (value: object) => readonly NodeValue[];
  /** The operand of a value that has been lowered. */
  readonly operandOf: (value: Value) => Operand;
}

/** One operation as ONNX nodes. */
export type Lowering = (call: LowerCall) => Operand;

/** Lowerings by operation. */
export type Lowerings = { readonly [op: string]: Lowering };

import type { Graph } from '../ir/graph.js';
import type { Attributes, Value } from '../ir/value.js';

/** What a rule is given: the graph to build in, the kernel's inputs by name, and its attributes. */
export interface RuleCall {
  readonly graph: Graph;
  readonly inputs: { readonly [name: string]: Value };
  readonly attributes: Attributes;
}

/** What a tfjs kernel amounts to in the graph: one value per output of the kernel. */
export type TraceRule = (call: RuleCall) => Value | readonly Value[];

/** Rules by kernel name. */
export type TraceRules = { readonly [kernel: string]: TraceRule };

/** An input that the kernel always has. */
export function need(call: RuleCall, name: string): Value {
  return call.inputs[name] as Value;
}

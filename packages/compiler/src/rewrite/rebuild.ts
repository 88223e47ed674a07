import { concat } from '../ir/concat.js';
import { type Graph, reachable } from '../ir/graph.js';
import type { NodeValue, Value } from '../ir/value.js';

/** Outputs of a program in which `replace` may put another value in the place of every operation; inputs are done first. */
export function rebuild(
  graph: Graph,
  outputs: ReadonlyMap<string, Value>,
  replace: (node: NodeValue, inputs: readonly Value[]) => Value | undefined,
): Map<string, Value> {
  const made = new Map<Value, Value>();
  for (const value of reachable([...outputs.values()])) {
    if (value.kind !== 'node') made.set(value, value);
    else {
      const inputs = value.inputs.map((input) => made.get(input) as Value);
      made.set(value, replace(value, inputs) ?? remade(graph, value, inputs));
    }
  }
  return new Map([...outputs].map(([name, value]) => [name, made.get(value) as Value]));
}

/** The same operation on other inputs of the same shapes. */
export function remade(graph: Graph, node: NodeValue, inputs: readonly Value[]): Value {
  if (inputs.every((input, i) => input === node.inputs[i])) return node;
  const [first] = inputs as [Value];
  if (node.op === 'Reshape') return graph.reshape(first, node.shape);
  if (node.op === 'Slice') return graph.slice(first, node.attributes.begin as number[], node.shape);
  if (node.op === 'Concat') return concat(graph, inputs, node.attributes.axis as number);
  return graph.node(node.op, inputs, node, node.attributes);
}

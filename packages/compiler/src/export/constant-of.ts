import type { Graph } from '../ir/graph.js';
import { operations } from '../ir/operations.js';
import { type Constant, isConstant, type Value } from '../ir/value.js';
import type { HeldVariable } from './trace-inference.js';

/** Finds the numbers of values that depend on variables and constants alone; undefined for all others. */
export function constantFinder(
  graph: Graph,
  variables: ReadonlyMap<string, HeldVariable>,
): (value: Value) => Constant | undefined {
  const known = new Map<Value, Constant | undefined>();
  const find = (value: Value): Constant | undefined => {
    if (isConstant(value)) return value;
    if (known.has(value)) return known.get(value);
    const found = value.kind === 'input' ? held(value.name) : evaluated(value);
    known.set(value, found);
    return found;
  };
  const held = (name: string) => {
    const variable = variables.get(name);
    if (variable === undefined) return undefined;
    return graph.constant(variable.data, { shape: variable.shape, dtype: 'float32' }) as Constant;
  };
  const evaluated = (value: Value & { kind: 'node' }): Constant | undefined => {
    const inputs = value.inputs.map(find);
    if (inputs.some((input) => input === undefined)) return undefined;
    const [first] = inputs as [Constant];
    if (value.op === 'Reshape') return graph.reshape(first, value.shape) as Constant;
    if (value.op === 'Transpose') {
      return graph.transpose(first, value.attributes.permutation as readonly number[]) as Constant;
    }
    // What is broadcast stays small: its users broadcast it again.
    if (value.op === 'BroadcastTo') return first;
    const facts = operations.get(value.op);
    if (facts?.over !== 'entries' || facts.kernel === undefined) return undefined;
    return graph.evaluate(value.op, inputs as Constant[], value.attributes) as Constant;
  };
  return find;
}

import { type Evaluated, evaluateKernel } from './evaluate.js';
import type { Graph } from './graph.js';
import { simplifyElementwise } from './simplify.js';
import {
  type Attributes,
  broadcastShape,
  type Constant,
  type InputValue,
  isConstant,
  type NodeValue,
  sameShape,
  sizeOf,
  type Value,
} from './value.js';

/** Starts an empty graph. */
export function createGraph(): Graph {
  const known = new Map<string, Value>();
  let count = 0;

  function remember<T extends Value>(key: string, make: (id: number) => T): T {
    const before = known.get(key);
    if (before !== undefined) return before as T;
    const made = make(count++);
    known.set(key, made);
    return made;
  }

  const evaluated = (kernel: string, inputs: readonly Constant[], attributes: Attributes) =>
    graph.evaluate(kernel, inputs, attributes) as Constant;

  const graph: Graph = {
    input(name, spec) {
      const { shape, dtype } = spec;
      if (sizeOf(shape) === 0) return graph.uniform(0, shape, dtype);
      return remember<InputValue>(`input ${name}`, (id) => ({ kind: 'input', id, name, ...spec, shape: [...shape] }));
    },
    uniform(fill, shape, dtype) {
      // -0 and 0 are different constants.
      const key = `uniform ${Object.is(fill, -0) ? '-0' : fill} ${dtype} ${shape.join()}`;
      return remember(key, (id) => ({ kind: 'uniform', id, fill, shape: [...shape], dtype }));
    },
    constant(data, { shape, dtype }) {
      const first = data.length === 0 ? 0 : (data[0] as number);
      if (data.every((one) => Object.is(one, first))) return graph.uniform(first, shape, dtype);
      const make = (id: number) => ({ kind: 'data', id, data, shape: [...shape], dtype }) as const;
      if (data.length > 256) return make(count++);
      return remember(`data ${dtype} ${shape.join()} ${data.join()}`, make);
    },
    node(op, inputs, { shape, dtype }, attributes = {}) {
      if (sizeOf(shape) === 0) return graph.uniform(0, shape, dtype);
      const key = `${op} ${inputs.map((input) => input.id).join()} ${dtype} ${shape.join()} ${describe(attributes)}`;
      return remember<NodeValue>(key, (id) => ({ kind: 'node', id, op, inputs, attributes, shape: [...shape], dtype }));
    },
    elementwise(op, inputs, dtype, attributes = {}) {
      const shape = broadcastShape(inputs.map((input) => input.shape));
      if (sizeOf(shape) === 0) return graph.uniform(0, shape, dtype);
      // Operands before they were broadcast; what comes out is broadcast instead, where that is needed at all.
      const bare = inputs.map((input) => {
        if (input.kind === 'uniform') return graph.uniform(input.fill, [], input.dtype);
        return input.kind === 'node' && input.op === 'BroadcastTo' ? (input.inputs[0] as Value) : input;
      });
      if (bare.every((input) => input.kind === 'uniform')) {
        const result = evaluated(op, bare as Constant[], attributes);
        return graph.broadcastTo(graph.cast(result, dtype), shape);
      }
      const simple = simplifyElementwise(graph, op, bare, dtype, attributes);
      if (simple !== undefined) return graph.broadcastTo(simple, shape);
      const spec = { shape: broadcastShape(bare.map((input) => input.shape)), dtype };
      return graph.broadcastTo(graph.node(op, bare, spec, attributes), shape);
    },
    evaluate(kernel, inputs, attributes = {}, names = undefined) {
      const found = evaluateKernel(kernel, inputs, attributes, names);
      const constant = ({ data, ...spec }: Evaluated) => graph.constant(data, spec);
      return Array.isArray(found) ? found.map(constant) : constant(found);
    },
    cast(x, dtype) {
      if (x.dtype === dtype) return x;
      if (isConstant(x)) return evaluated('Cast', [x], { dtype });
      return graph.elementwise('Cast', [x], dtype, { dtype });
    },
    reshape(x, given) {
      const shape = given.length === 1 && given[0] === -1 ? [sizeOf(x.shape)] : given;
      if (sameShape(x.shape, shape)) return x;
      if (x.kind === 'uniform') return graph.uniform(x.fill, shape, x.dtype);
      if (x.kind === 'data') return graph.constant(x.data, { shape, dtype: x.dtype });
      if (x.kind === 'node' && x.op === 'Reshape') return graph.reshape(x.inputs[0] as Value, shape);
      if (x.kind === 'node' && x.op === 'BroadcastTo') {
        const source = x.inputs[0] as Value;
        if (sizeOf(source.shape) === 1) return graph.broadcastTo(graph.reshape(source, []), shape);
      }
      return graph.node('Reshape', [x], { shape, dtype: x.dtype });
    },
    transpose(x, permutation) {
      const shape = permutation.map((axis) => x.shape[axis] as number);
      const moving = permutation.filter((axis) => x.shape[axis] !== 1);
      if (moving.every((axis, i) => i === 0 || axis > (moving[i - 1] as number))) return graph.reshape(x, shape);
      if (x.kind === 'uniform') return graph.uniform(x.fill, shape, x.dtype);
      if (x.kind === 'data') return evaluated('Transpose', [x], { perm: permutation });
      if (x.kind === 'node' && x.op === 'Transpose') {
        const before = x.attributes.permutation as readonly number[];
        return graph.transpose(
          x.inputs[0] as Value,
          permutation.map((axis) => before[axis] as number),
        );
      }
      return graph.node('Transpose', [x], { shape, dtype: x.dtype }, { permutation });
    },
    broadcastTo(x, shape) {
      if (sameShape(x.shape, shape)) return x;
      if (x.kind === 'uniform') return graph.uniform(x.fill, shape, x.dtype);
      if (sizeOf(x.shape) === sizeOf(shape)) return graph.reshape(x, shape);
      const source = x.kind === 'node' && x.op === 'BroadcastTo' ? (x.inputs[0] as Value) : x;
      return graph.node('BroadcastTo', [source], { shape, dtype: x.dtype });
    },
    slice(x, begin, size) {
      if (sameShape(x.shape, size)) return x;
      if (x.kind === 'uniform') return graph.uniform(x.fill, size, x.dtype);
      if (x.kind === 'node' && x.op === 'Slice') {
        const before = x.attributes.begin as readonly number[];
        return graph.slice(
          x.inputs[0] as Value,
          begin.map((start, axis) => start + (before[axis] as number)),
          size,
        );
      }
      return graph.node('Slice', [x], { shape: size, dtype: x.dtype }, { begin });
    },
  };
  return graph;
}

function describe(attributes: Attributes): string {
  return JSON.stringify(attributes, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}

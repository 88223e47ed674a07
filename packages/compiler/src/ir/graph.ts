import { evaluateOne } from './evaluate.js';
import { simplifyElementwise } from './simplify.js';
import {
  type Attributes,
  broadcastShape,
  type Constant,
  type DType,
  type FedSpec,
  type InputValue,
  isConstant,
  type NodeValue,
  type Spec,
  sameShape,
  sizeOf,
  type UniformValue,
  type Value,
} from './value.js';

/**
 * A graph under construction. Equal operations on equal values are one node; constants are computed at once; identities
 * (`x · 1`, a reshape of a reshape) are never built. Nodes are numbered so that inputs come before what uses them.
 */
export interface Graph {
  /** Numbers that come from outside. An input without entries is a constant. */
  input(name: string, spec: FedSpec): Value;
  /** A constant with all entries equal. */
  uniform(fill: number, shape: readonly number[], dtype: DType): UniformValue;
  /** A constant; the array is kept, not copied. */
  constant(data: Float32Array | Int32Array | Uint8Array, spec: Spec): Constant;
  /** An operation, built as it stands. */
  node(op: string, inputs: readonly Value[], spec: Spec, attributes?: Attributes): Value;
  /** An operation entry by entry over operands that are broadcast; its result has the operands' common shape. */
  elementwise(op: string, inputs: readonly Value[], dtype: DType, attributes?: Attributes): Value;
  cast(x: Value, dtype: DType): Value;
  /** `[-1]` is flat. */
  reshape(x: Value, shape: readonly number[]): Value;
  /** Axis i of the result is axis `permutation[i]` of x. */
  transpose(x: Value, permutation: readonly number[]): Value;
  broadcastTo(x: Value, shape: readonly number[]): Value;
  slice(x: Value, begin: readonly number[], size: readonly number[]): Value;
}

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
        const result = evaluateOne(graph, op, bare as Constant[], attributes);
        return graph.broadcastTo(graph.cast(result, dtype), shape);
      }
      const simple = simplifyElementwise(graph, op, bare, dtype, attributes);
      if (simple !== undefined) return graph.broadcastTo(simple, shape);
      const spec = { shape: broadcastShape(bare.map((input) => input.shape)), dtype };
      return graph.broadcastTo(graph.node(op, bare, spec, attributes), shape);
    },
    cast(x, dtype) {
      if (x.dtype === dtype) return x;
      if (isConstant(x)) return evaluateOne(graph, 'Cast', [x], { dtype });
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
      if (x.kind === 'data') return evaluateOne(graph, 'Transpose', [x], { perm: permutation });
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

function describe(attributes: Attributes): string {
  return JSON.stringify(attributes, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}

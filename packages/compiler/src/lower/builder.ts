import { sameShape, sizeOf } from '../ir/value.js';
import type { OnnxAttribute, OnnxConstant, OnnxData, OnnxNode, OnnxType } from './onnx/graph.js';

/** Element types inside a graph: those of tensors, and double where whole numbers need it for a moment. */
export type InnerType = OnnxType | 'double';

/** A tensor of the graph under construction. */
export interface Operand {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: InnerType;
  /** What makes it; none for inputs and constants. */
  readonly node?: BuiltNode;
  readonly constant?: OnnxConstant;
}

/** A node with what it works on. */
export interface BuiltNode {
  readonly op: string;
  readonly inputs: readonly (Operand | undefined)[];
  readonly onnx: OnnxNode;
  /** The axes of a transposition. */
  readonly permutation?: readonly number[];
}

/** Attributes of a node. */
export type OnnxAttributes = { readonly [name: string]: OnnxAttribute };

/** Settings of {@link Builder.emit}. */
export interface EmitOptions {
  readonly attributes?: OnnxAttributes;
  readonly domain?: string;
  readonly permutation?: readonly number[];
  /** Which output of the operator is meant; the ones before it are left out. Default 0. */
  readonly output?: number;
}

/** Collects nodes of an ONNX graph; equal nodes are one. */
export interface Builder {
  readonly nodes: readonly BuiltNode[];
  readonly constants: readonly OnnxConstant[];
  input(name: string, type: OnnxType, shape: readonly number[]): Operand;
  constant(type: OnnxType, shape: readonly number[], data: OnnxData): Operand;
  /** A constant of rank 0. */
  scalar(type: OnnxType, value: number): Operand;
  /** A list of whole numbers, as shapes and axes are given. */
  ints(values: readonly number[]): Operand;
  /** One node with one output. An undefined input is left out. */
  emit(
    op: string,
    inputs: readonly (Operand | undefined)[],
    shape: readonly number[],
    type: InnerType,
    options?: EmitOptions,
  ): Operand;
  reshape(x: Operand, shape: readonly number[]): Operand;
  transpose(x: Operand, permutation: readonly number[]): Operand;
  cast(x: Operand, type: InnerType): Operand;
}

/** Numbers of ONNX' element types. */
const typeNumbers: { readonly [type in InnerType]: number } = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  double: 11,
};

/** Starts an empty ONNX graph. */
export function createBuilder(): Builder {
  const nodes: BuiltNode[] = [];
  const constants: OnnxConstant[] = [];
  const known = new Map<string, Operand>();
  let count = 0;

  const builder: Builder = {
    nodes,
    constants,
    input: (name, type, shape) => ({ name, type, shape }),
    constant(type, shape, data) {
      const key =
        data.length <= 256
          ? `constant ${type} ${shape.join()} ${Array.from(data as ArrayLike<number>, show).join()}`
          : undefined;
      const before = key === undefined ? undefined : known.get(key);
      if (before !== undefined) return before;
      const constant: OnnxConstant = { name: `c${constants.length}`, type, shape, data };
      constants.push(constant);
      const operand: Operand = { name: constant.name, shape, type, constant };
      if (key !== undefined) known.set(key, operand);
      return operand;
    },
    scalar: (type, value) => builder.constant(type, [], arrayFor(type, [value])),
    ints: (values) => builder.constant('int64', [values.length], BigInt64Array.from(values, BigInt)),
    emit(op, inputs, shape, type, options = {}) {
      const { attributes, domain, permutation, output = 0 } = options;
      const names = inputs.map((input) => input?.name ?? '');
      const key = `${op} ${output} ${names.join()} ${type} ${shape.join()} ${attributes === undefined ? '' : JSON.stringify(attributes)}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const name = `t${count++}`;
      const node: BuiltNode = {
        op,
        inputs,
        onnx: {
          op,
          inputs: names,
          // ONNX Runtime wants a first output of MaxPool even where only the positions are used.
          outputs: output === 0 ? [name] : [...Array.from({ length: output }, (_, i) => `${name}_${i}`), name],
          ...(domain === undefined ? {} : { domain }),
          ...(attributes === undefined ? {} : { attributes }),
        },
        ...(permutation === undefined ? {} : { permutation }),
      };
      nodes.push(node);
      const operand: Operand = { name, shape: [...shape], type, node };
      known.set(key, operand);
      return operand;
    },
    reshape(x, shape) {
      if (sameShape(x.shape, shape)) return x;
      if (x.constant !== undefined) return builder.constant(x.constant.type, shape, x.constant.data);
      if (x.node?.op === 'Reshape') return builder.reshape(x.node.inputs[0] as Operand, shape);
      return builder.emit('Reshape', [x, builder.ints(shape)], shape, x.type);
    },
    transpose(x, permutation) {
      const shape = permutation.map((axis) => x.shape[axis] as number);
      if (keepsOrder(x.shape, permutation)) return builder.reshape(x, shape);
      if (x.constant !== undefined && sizeOf(shape) <= 4096) {
        return builder.constant(x.constant.type, shape, transposeData(x.constant, permutation));
      }
      const before = x.node?.permutation;
      if (before !== undefined) {
        return builder.transpose(
          x.node?.inputs[0] as Operand,
          permutation.map((axis) => before[axis] as number),
        );
      }
      return builder.emit('Transpose', [x], shape, x.type, {
        attributes: { perm: { ints: permutation } },
        permutation,
      });
    },
    cast(x, type) {
      if (x.type === type) return x;
      if (x.constant !== undefined && sizeOf(x.shape) === 1 && type !== 'double') {
        return builder.constant(type, x.shape, arrayFor(type, [Number(x.constant.data[0])]));
      }
      return builder.emit('Cast', [x], x.shape, type, { attributes: { to: { int: typeNumbers[type] } } });
    },
  };
  return builder;
}

/** Whether a transposition moves only axes of size 1, and so is a reshape. */
export function keepsOrder(shape: readonly number[], permutation: readonly number[]): boolean {
  const moving = permutation.filter((axis) => shape[axis] !== 1);
  return moving.every((axis, i) => i === 0 || axis > (moving[i - 1] as number));
}

/** The transposition that undoes another one. */
export function inverse(permutation: readonly number[]): number[] {
  const result = new Array<number>(permutation.length);
  permutation.forEach((axis, i) => {
    result[axis] = i;
  });
  return result;
}

function arrayFor(type: OnnxType, values: readonly number[]): OnnxData {
  switch (type) {
    case 'float32':
      return Float32Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(values, BigInt);
    default:
      return Uint8Array.from(values);
  }
}

function transposeData({ data, shape }: OnnxConstant, permutation: readonly number[]): OnnxData {
  const result = data.slice();
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const out = permutation.map((axis) => shape[axis] as number);
  const index = new Array<number>(out.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    let from = 0;
    for (let axis = 0; axis < out.length; axis++)
      from += (index[axis] as number) * (strides[permutation[axis] as number] as number);
    result[i] = data[from] as never;
    for (let axis = out.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (out[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return result;
}

function show(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

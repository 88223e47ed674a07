/** Element types of traced values: the numeric dtypes of tfjs. */
export type DType = 'float32' | 'int32' | 'bool';

/** What is known about a value before it is computed. */
export interface Spec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Numbers that come from outside at every run. */
export interface InputValue extends Spec {
  readonly kind: 'input';
  readonly id: number;
  readonly name: string;
}

/** A constant whose numbers are all the same; it costs nothing however large it is. */
export interface UniformValue extends Spec {
  readonly kind: 'uniform';
  readonly id: number;
  readonly fill: number;
}

/** A constant with numbers of its own. */
export interface DataValue extends Spec {
  readonly kind: 'data';
  readonly id: number;
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** What an operation gives. Every operation of the graph has one result. */
export interface NodeValue extends Spec {
  readonly kind: 'node';
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
}

/** Settings of an operation: plain data. */
export type Attributes = { readonly [name: string]: unknown };

/** A value of a traced program. */
export type Value = InputValue | UniformValue | DataValue | NodeValue;

/** A constant of either kind. */
export type Constant = UniformValue | DataValue;

/** Whether the numbers of a value are known while tracing. */
export function isConstant(value: Value): value is Constant {
  return value.kind === 'uniform' || value.kind === 'data';
}

/** Number of entries of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const one of shape) size *= one;
  return size;
}

/** Whether two shapes (or lists of numbers) agree. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** The shape of an elementwise result: sizes agree from the right, or one of them is 1. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      const size = shape[i] as number;
      if (size === 1) continue;
      if (result[at] !== 1 && result[at] !== size) {
        throw new Error(
          `Shapes ${shapes.map((one) => `[${one.join(', ')}]`).join(' and ')} cannot be broadcast together.`,
        );
      }
      result[at] = size;
    }
  }
  return result;
}

/** A typed array of a dtype, as tfjs stores it: booleans are bytes. */
function arrayOf(dtype: DType, length: number): Float32Array | Int32Array | Uint8Array {
  return dtype === 'float32'
    ? new Float32Array(length)
    : dtype === 'int32'
      ? new Int32Array(length)
      : new Uint8Array(length);
}

/** The numbers of a constant, written out. */
export function constantData(value: Constant): Float32Array | Int32Array | Uint8Array {
  return value.kind === 'data' ? value.data : arrayOf(value.dtype, sizeOf(value.shape)).fill(value.fill);
}

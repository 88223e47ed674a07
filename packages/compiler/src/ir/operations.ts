import type { DType } from './value.js';

/** What is known of an operation of the graph, beside how it is lowered. */
export interface Operation {
  /**
   * How it goes over its operands: entry by entry, after they were broadcast; along the axes that its attributes name, or the last
   * one; as a product of matrices; or it gives the same numbers in another shape.
   */
  readonly over: 'entries' | 'axes' | 'matrices' | 'shape';
  /** Inputs of tfjs' kernel of the same name that does the same; undefined where tfjs has none. */
  readonly kernel?: readonly string[] | undefined;
  /** The dtype that it gives; that of its first operand unless told. */
  readonly gives?: DType | undefined;
  /** The instruction that does it for four float32 at a time (`f32x4`, WebAssembly Core Specification 2.0, section 5.4.9). */
  readonly instruction?: number | undefined;
}

const [x, ab] = [['x'], ['a', 'b']];

const entries = (kernel: readonly string[] | undefined, gives?: DType, instruction?: number): Operation => ({
  over: 'entries',
  kernel,
  gives,
  instruction,
});
const axes: Operation = { over: 'axes' };
const shape: Operation = { over: 'shape' };

const facts: Readonly<Record<string, Operation>> = {
  Abs: entries(x, undefined, 224),
  Neg: entries(x, undefined, 225),
  Sqrt: entries(x, 'float32', 227),
  Relu: entries(x),
  Relu6: entries(x),
  ReluSlope: entries(undefined, 'float32'),
  Sign: entries(x),
  Step: entries(x),
  Floor: entries(x),
  Ceil: entries(x),
  Round: entries(x),
  LeakyRelu: entries(x, 'float32'),
  ClipByValue: entries(x),
  Cast: entries(x),
  Exp: entries(x, 'float32'),
  Log: entries(x, 'float32'),
  Log1p: entries(x, 'float32'),
  Expm1: entries(x, 'float32'),
  Rsqrt: entries(x, 'float32'),
  Reciprocal: entries(x, 'float32'),
  Sigmoid: entries(x, 'float32'),
  Tanh: entries(x, 'float32'),
  Elu: entries(x, 'float32'),
  Selu: entries(x, 'float32'),
  Softplus: entries(x, 'float32'),
  Erf: entries(x, 'float32'),
  Sin: entries(x, 'float32'),
  Cos: entries(x, 'float32'),
  Tan: entries(x, 'float32'),
  Asin: entries(x, 'float32'),
  Acos: entries(x, 'float32'),
  Atan: entries(x, 'float32'),
  Sinh: entries(x, 'float32'),
  Cosh: entries(x, 'float32'),
  Asinh: entries(x, 'float32'),
  Acosh: entries(x, 'float32'),
  Atanh: entries(x, 'float32'),
  IsNan: entries(x, 'bool'),
  IsInf: entries(x, 'bool'),
  IsFinite: entries(x, 'bool'),
  LogicalNot: entries(x, 'bool'),
  Add: entries(ab, undefined, 228),
  Sub: entries(ab, undefined, 229),
  Multiply: entries(ab, undefined, 230),
  RealDiv: entries(ab, 'float32', 231),
  Minimum: entries(ab, undefined, 232),
  Maximum: entries(ab, undefined, 233),
  FloorDiv: entries(ab, 'int32'),
  Mod: entries(ab),
  Pow: entries(ab),
  SquaredDifference: entries(ab),
  Atan2: entries(ab),
  Equal: entries(ab, 'bool'),
  NotEqual: entries(ab, 'bool'),
  Greater: entries(ab, 'bool'),
  GreaterEqual: entries(ab, 'bool'),
  Less: entries(ab, 'bool'),
  LessEqual: entries(ab, 'bool'),
  LogicalAnd: entries(ab, 'bool'),
  LogicalOr: entries(ab, 'bool'),
  Prelu: entries(['x', 'alpha'], 'float32'),
  EluGrad: entries(['dy', 'y'], 'float32'),
  Select: entries(['condition', 't', 'e']),
  Sum: axes,
  Mean: axes,
  Prod: axes,
  Max: axes,
  Min: axes,
  All: axes,
  Any: axes,
  Softmax: axes,
  LogSoftmax: axes,
  Reshape: shape,
  BroadcastTo: shape,
  BatchMatMul: { over: 'matrices' },
};

/** Facts by operation; one that is missing has none but its lowering. */
export const operations: ReadonlyMap<string, Operation> = new Map(Object.entries(facts));

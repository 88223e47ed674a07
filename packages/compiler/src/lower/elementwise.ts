import { broadcastShape, sameShape, sizeOf } from '../ir/value.js';
import { behindTranspositions } from './broadcast.js';
import type { Builder, InnerType, OnnxAttributes, Operand } from './builder.js';
import type { LowerCall, Lowering, Lowerings } from './lowering.js';

/** Elementwise nodes on operands of one layout. */
export interface Elementwise {
  readonly builder: Builder;
  readonly attributes: { readonly [name: string]: unknown };
  /** A node whose result has the operands' common shape. */
  emit(op: string, inputs: readonly Operand[], type?: InnerType, attributes?: OnnxAttributes): Operand;
  float(value: number): Operand;
}

type Formula = (e: Elementwise, ...operands: Operand[]) => Operand;

/** Wraps a formula so that it works behind transpositions. */
function formula(compute: Formula): Lowering {
  return ({ builder, node, inputs }: LowerCall) => {
    const e: Elementwise = {
      builder,
      attributes: node.attributes,
      emit(op, given, type = given[0]?.type, attributes) {
        const shape = broadcastShape(given.map((one) => one.shape));
        const operands = inRows(builder, given, shape);
        const common = broadcastShape(operands.map((one) => one.shape));
        const options = attributes === undefined ? {} : { attributes };
        return builder.reshape(builder.emit(op, operands, common, type as InnerType, options), shape);
      },
      float: (value) => builder.scalar('float32', value),
    };
    return behindTranspositions(builder, inputs, node.shape.length, (operands) => compute(e, ...operands));
  };
}

/** From this many entries on it pays to lay a tensor out in a row, and back. */
const many = 4096;

/**
 * Tensors laid out in a row, where a number meets one whose last axis has size 1: ONNX Runtime would go through that one entry by
 * entry, thirty times slower.
 */
function inRows(builder: Builder, operands: readonly Operand[], shape: readonly number[]): readonly Operand[] {
  const size = sizeOf(shape);
  if (shape.length < 2 || shape.at(-1) !== 1 || size < many) return operands;
  const isNumber = (one: Operand) => one.shape.length === 0;
  if (!operands.some(isNumber) || !operands.every((one) => isNumber(one) || sameShape(one.shape, shape)))
    return operands;
  return operands.map((one) => (isNumber(one) ? one : builder.reshape(one, [size])));
}

const plain =
  (op: string, type?: InnerType): Formula =>
  (e, ...operands) =>
    e.emit(op, operands, type);

/** Whole numbers go through double, which holds every int32 exactly and knows division by zero. */
function inDouble(e: Elementwise, a: Operand, b: Operand, compute: (a: Operand, b: Operand) => Operand): Operand {
  const result = compute(e.builder.cast(a, 'double'), e.builder.cast(b, 'double'));
  const nothing = e.emit('Or', [e.emit('IsNaN', [result], 'bool'), e.emit('IsInf', [result], 'bool')], 'bool');
  // JavaScript stores NaN and infinity in an Int32Array as 0.
  return e.emit('Where', [nothing, e.builder.scalar('int32', 0), e.builder.cast(result, 'int32')], 'int32');
}

/** The remainder with the sign of the divisor. */
function modulo(e: Elementwise, a: Operand, b: Operand): Operand {
  const remainder = (x: Operand) => e.emit('Mod', [x, b], x.type, { fmod: { int: 1 } });
  const zero = e.builder.cast(e.float(0), a.type);
  const rest = remainder(a);
  const sameSign = e.emit('Equal', [e.emit('Less', [a, zero], 'bool'), e.emit('Less', [b, zero], 'bool')], 'bool');
  return e.emit('Where', [sameSign, rest, remainder(e.emit('Add', [rest, b]))], a.type);
}

const where = (e: Elementwise, condition: Operand, t: Operand, f: Operand) =>
  e.emit('Where', [condition, t, f], t.type);
const isFloat = (x: Operand) => x.type === 'float32';
const not = (e: Elementwise, x: Operand) => e.emit('Not', [x], 'bool');
/** Comparisons and choices know no booleans everywhere; as bytes they are the same numbers. */
const asNumber = (e: Elementwise, x: Operand) => (x.type === 'bool' ? e.builder.cast(x, 'int32') : x);
const asBool = (e: Elementwise, x: Operand) => e.builder.cast(x, 'bool');

const unary: { readonly [op: string]: Formula } = {
  Abs: plain('Abs'),
  Neg: plain('Neg'),
  Exp: plain('Exp'),
  Log: plain('Log'),
  Sqrt: plain('Sqrt'),
  Reciprocal: plain('Reciprocal'),
  Sigmoid: plain('Sigmoid'),
  Tanh: plain('Tanh'),
  Elu: plain('Elu'),
  Erf: plain('Erf'),
  Sin: plain('Sin'),
  Cos: plain('Cos'),
  Tan: plain('Tan'),
  Asin: plain('Asin'),
  Acos: plain('Acos'),
  Atan: plain('Atan'),
  Sinh: plain('Sinh'),
  Cosh: plain('Cosh'),
  Asinh: plain('Asinh'),
  Acosh: plain('Acosh'),
  Atanh: plain('Atanh'),
  LogicalNot: plain('Not', 'bool'),
  Floor: (e, x) => (isFloat(x) ? e.emit('Floor', [x]) : x),
  Ceil: (e, x) => (isFloat(x) ? e.emit('Ceil', [x]) : x),
  Round: (e, x) => (isFloat(x) ? e.emit('Round', [x]) : x),
  Rsqrt: (e, x) => e.emit('Div', [e.float(1), e.emit('Sqrt', [x])]),
  // ln(1 + x) and e^x − 1 with all digits for small x.
  Log1p: (e, x) => {
    const u = e.emit('Add', [x, e.float(1)]);
    const scaled = e.emit('Mul', [e.emit('Log', [u]), e.emit('Div', [x, e.emit('Sub', [u, e.float(1)])])]);
    const exact = e.emit('Less', [e.emit('Abs', [x]), e.float(6e-8)], 'bool');
    const large = e.emit('Greater', [u, e.float(3e38)], 'bool');
    return where(e, exact, x, where(e, large, e.emit('Log', [u]), scaled));
  },
  Expm1: (e, x) => {
    const half = e.emit('Tanh', [e.emit('Mul', [x, e.float(0.5)])]);
    const small = e.emit('Div', [e.emit('Mul', [half, e.float(2)]), e.emit('Sub', [e.float(1), half])]);
    return where(
      e,
      e.emit('Less', [e.emit('Abs', [x]), e.float(0.5)], 'bool'),
      small,
      e.emit('Sub', [e.emit('Exp', [x]), e.float(1)]),
    );
  },
  Relu: (e, x) => e.emit('Relu', [x]),
  Relu6: (e, x) => {
    const zero = e.builder.cast(e.float(0), x.type);
    return e.emit('Min', [e.emit('Max', [x, zero]), e.builder.cast(e.float(6), x.type)]);
  },
  Selu: (e, x) =>
    e.emit('Selu', [x], 'float32', { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } }),
  Softplus: (e, x) => {
    // Without overflow: max(x, 0) + ln(1 + e^−|x|).
    const tail = (unary.Log1p as Formula)(e, e.emit('Exp', [e.emit('Neg', [e.emit('Abs', [x])])]));
    return e.emit('Add', [e.emit('Relu', [x]), tail]);
  },
  LeakyRelu: (e, x) => e.emit('LeakyRelu', [x], 'float32', { alpha: { float: Number(e.attributes.alpha) } }),
  // tfjs has sign(NaN) = 0.
  Sign: (e, x) => {
    const sign = e.emit('Sign', [x]);
    return isFloat(x) ? where(e, e.emit('IsNaN', [x], 'bool'), e.float(0), sign) : sign;
  },
  Step: (e, x) => {
    const constant = (value: number) => e.builder.cast(e.float(value), x.type);
    const positive = e.emit('Greater', [x, constant(0)], 'bool');
    const step = where(e, positive, constant(1), constant(Number(e.attributes.alpha)));
    return isFloat(x) ? where(e, e.emit('IsNaN', [x], 'bool'), x, step) : step;
  },
  // 1 above zero, 0 at zero, NaN for NaN, in one pass that ONNX Runtime shares among threads; exact for all normal numbers.
  ReluSlope: (e, x) => e.emit('HardSigmoid', [x], 'float32', { alpha: { float: 3.4e38 }, beta: { float: 0 } }),
  IsNan: (e, x) => (isFloat(x) ? e.emit('IsNaN', [x], 'bool') : never(e, x)),
  IsInf: (e, x) => (isFloat(x) ? e.emit('IsInf', [x], 'bool') : never(e, x)),
  IsFinite: (e, x) =>
    isFloat(x)
      ? not(e, e.emit('Or', [e.emit('IsNaN', [x], 'bool'), e.emit('IsInf', [x], 'bool')], 'bool'))
      : not(e, never(e, x)),
  ClipByValue: (e, x) => {
    const bound = (name: string) => e.builder.cast(e.float(Number(e.attributes[name])), x.type);
    // tfjs looks at the upper bound first, and lets NaN through.
    const clipped = e.emit('Max', [e.emit('Min', [x, bound('clipValueMax')]), bound('clipValueMin')]);
    return clipped;
  },
  Cast: (e, x) => e.builder.cast(x, e.attributes.dtype as InnerType),
};

/** False everywhere, in the shape of x. */
function never(e: Elementwise, x: Operand): Operand {
  return not(e, e.emit('Equal', [x, x], 'bool'));
}

/** The angle of (x, y), by the arc tangent of the smaller by the larger side; signs of zeros count, as in `Math.atan2`. */
function angle(e: Elementwise, y: Operand, x: Operand): Operand {
  const either = (a: Operand, b: Operand) => e.emit('Or', [a, b], 'bool');
  const negative = (one: Operand) =>
    either(
      e.emit('Less', [one, e.float(0)], 'bool'),
      // 1 by a negative zero.
      e.emit('Less', [e.emit('Reciprocal', [one]), e.float(0)], 'bool'),
    );
  const [high, wide] = [e.emit('Abs', [y]), e.emit('Abs', [x])];
  const steep = e.emit('Greater', [high, wide], 'bool');
  const [short, long] = [where(e, steep, wide, high), where(e, steep, high, wide)];
  const both = (a: Operand, b: Operand) => e.emit('And', [a, b], 'bool');
  const zero = both(e.emit('Equal', [short, e.float(0)], 'bool'), e.emit('Equal', [long, e.float(0)], 'bool'));
  const even = both(e.emit('IsInf', [short], 'bool'), e.emit('Equal', [high, wide], 'bool'));
  const ratio = where(e, zero, e.float(0), where(e, even, e.float(1), e.emit('Div', [short, long])));
  const acute = e.emit('Atan', [ratio]);
  const right = where(e, steep, e.emit('Sub', [e.float(Math.PI / 2), acute]), acute);
  const upper = where(e, negative(x), e.emit('Sub', [e.float(Math.PI), right]), right);
  return where(e, negative(y), e.emit('Neg', [upper]), upper);
}

const binary: { readonly [op: string]: Formula } = {
  Add: plain('Add'),
  Sub: plain('Sub'),
  Multiply: plain('Mul'),
  RealDiv: plain('Div'),
  Maximum: plain('Max'),
  Minimum: plain('Min'),
  Pow: plain('Pow'),
  Atan2: (e, a, b) => e.builder.cast(angle(e, e.builder.cast(a, 'float32'), e.builder.cast(b, 'float32')), a.type),
  SquaredDifference: (e, a, b) => {
    const difference = e.emit('Sub', [a, b]);
    return e.emit('Mul', [difference, difference]);
  },
  FloorDiv: (e, a, b) => inDouble(e, a, b, (x, y) => e.emit('Floor', [e.emit('Div', [x, y])])),
  Mod: (e, a, b) => (isFloat(a) ? modulo(e, a, b) : inDouble(e, a, b, (x, y) => modulo(e, x, y))),
  Equal: plain('Equal', 'bool'),
  NotEqual: (e, a, b) => not(e, e.emit('Equal', [a, b], 'bool')),
  Greater: (e, a, b) => e.emit('Greater', [asNumber(e, a), asNumber(e, b)], 'bool'),
  GreaterEqual: (e, a, b) => e.emit('GreaterOrEqual', [asNumber(e, a), asNumber(e, b)], 'bool'),
  Less: (e, a, b) => e.emit('Less', [asNumber(e, a), asNumber(e, b)], 'bool'),
  LessEqual: (e, a, b) => e.emit('LessOrEqual', [asNumber(e, a), asNumber(e, b)], 'bool'),
  LogicalAnd: (e, a, b) => e.emit('And', [asBool(e, a), asBool(e, b)], 'bool'),
  LogicalOr: (e, a, b) => e.emit('Or', [asBool(e, a), asBool(e, b)], 'bool'),
  Prelu: (e, x, alpha) => where(e, e.emit('Less', [x, e.float(0)], 'bool'), e.emit('Mul', [x, alpha]), x),
  EluGrad: (e, dy, y) => {
    const slope = e.emit('Mul', [dy, e.emit('Add', [y, e.float(1)])]);
    return where(e, e.emit('GreaterOrEqual', [y, e.float(0)], 'bool'), dy, slope);
  },
  Select: (e, condition, t, f) => {
    if (t.type !== 'bool') return where(e, condition, t, f);
    return asBool(e, where(e, condition, asNumber(e, t), asNumber(e, f)));
  },
};

/** Lowerings of operations that work entry by entry. */
export const elementwiseLowerings: Lowerings = Object.fromEntries(
  Object.entries({ ...unary, ...binary }).map(([op, compute]) => [op, formula(compute)]),
);

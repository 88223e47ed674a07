import type { DType, Value } from '../../ir/value.js';
import { need, type TraceRule, type TraceRules } from '../rule.js';

const floatUnary = [
  'Exp',
  'Log',
  'Log1p',
  'Expm1',
  'Sqrt',
  'Rsqrt',
  'Reciprocal',
  'Sigmoid',
  'Tanh',
  'Elu',
  'Selu',
  'Softplus',
  'Erf',
  'Sin',
  'Cos',
  'Tan',
  'Asin',
  'Acos',
  'Atan',
  'Sinh',
  'Cosh',
  'Asinh',
  'Acosh',
  'Atanh',
];
const sameUnary = ['Abs', 'Neg', 'Relu', 'Relu6', 'Sign', 'Floor', 'Ceil', 'Round'];
const boolUnary = ['IsNan', 'IsInf', 'IsFinite', 'LogicalNot'];
const sameBinary = ['Add', 'Sub', 'Multiply', 'Maximum', 'Minimum', 'Mod', 'Pow', 'SquaredDifference', 'Atan2'];
const floatBinary = ['RealDiv'];
const boolBinary = ['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr'];

const unary =
  (op: string, dtype?: DType): TraceRule =>
  (call) => {
    const x = need(call, 'x');
    return call.graph.elementwise(op, [x], dtype ?? x.dtype);
  };

const binary =
  (op: string, dtype?: DType): TraceRule =>
  (call) => {
    const [a, b] = [need(call, 'a'), need(call, 'b')];
    return call.graph.elementwise(op, [a, b], dtype ?? a.dtype);
  };

/** The same rule under many names. */
const table = (names: readonly string[], rule: (op: string) => TraceRule): TraceRules =>
  Object.fromEntries(names.map((name) => [name, rule(name)]));

/** Kernels that work entry by entry. */
export const elementwiseRules: TraceRules = {
  ...table(floatUnary, (op) => unary(op, 'float32')),
  ...table(sameUnary, (op) => unary(op)),
  ...table(boolUnary, (op) => unary(op, 'bool')),
  ...table(sameBinary, (op) => binary(op)),
  ...table(floatBinary, (op) => binary(op, 'float32')),
  ...table(boolBinary, (op) => binary(op, 'bool')),
  FloorDiv: binary('FloorDiv', 'int32'),
  Square: (call) => {
    const x = need(call, 'x');
    return call.graph.elementwise('Multiply', [x, x], x.dtype);
  },
  Step: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    return graph.elementwise('Step', [x], x.dtype, { alpha: attributes.alpha ?? 0 });
  },
  LeakyRelu: ({ graph, inputs, attributes }) =>
    graph.elementwise('LeakyRelu', [inputs.x as Value], 'float32', { alpha: attributes.alpha }),
  ClipByValue: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const { clipValueMin, clipValueMax } = attributes;
    return graph.elementwise('ClipByValue', [x], x.dtype, { clipValueMin, clipValueMax });
  },
  Prelu: (call) => call.graph.elementwise('Prelu', [need(call, 'x'), need(call, 'alpha')], 'float32'),
  EluGrad: (call) => call.graph.elementwise('EluGrad', [need(call, 'dy'), need(call, 'y')], 'float32'),
  Select: (call) => {
    const { graph } = call;
    const [condition, t, e] = [need(call, 'condition'), need(call, 't'), need(call, 'e')];
    // A condition of rank 1 chooses rows.
    const rows =
      condition.shape.length === 1 && t.shape.length > 1
        ? graph.reshape(condition, [condition.shape[0] as number, ...t.shape.slice(1).map(() => 1)])
        : condition;
    return graph.elementwise('Select', [graph.cast(rows, 'bool'), t, e], t.dtype);
  },
  AddN: ({ graph, inputs }) => {
    const [first, ...others] = Object.values(inputs) as [Value, ...Value[]];
    return others.reduce((sum, one) => graph.elementwise('Add', [sum, one], sum.dtype), first);
  },
  Cast: ({ graph, inputs, attributes }) => graph.cast(inputs.x as Value, attributes.dtype as DType),
  Identity: (call) => need(call, 'x'),
  ZerosLike: ({ graph, inputs: { x } }) => graph.uniform(0, (x as Value).shape, (x as Value).dtype),
  OnesLike: ({ graph, inputs: { x } }) => graph.uniform(1, (x as Value).shape, (x as Value).dtype),
  Fill: ({ graph, attributes: { shape, value, dtype } }) =>
    graph.uniform(
      Number(value),
      shape as number[],
      (dtype ?? (typeof value === 'boolean' ? 'bool' : 'float32')) as DType,
    ),
  FusedBatchNorm: (call) => {
    const { graph, inputs, attributes } = call;
    const combine = (op: string, a: Value, b: Value) => graph.elementwise(op, [a, b], 'float32');
    const epsilon = graph.uniform(
      Math.fround((attributes.varianceEpsilon as number | undefined) ?? 0.001),
      [],
      'float32',
    );
    const root = graph.elementwise('Rsqrt', [combine('Add', need(call, 'variance'), epsilon)], 'float32');
    const scale = inputs.scale === undefined ? root : combine('Multiply', root, inputs.scale);
    const scaled = combine('Multiply', combine('Sub', need(call, 'x'), need(call, 'mean')), scale);
    return inputs.offset === undefined ? scaled : combine('Add', scaled, inputs.offset);
  },
};

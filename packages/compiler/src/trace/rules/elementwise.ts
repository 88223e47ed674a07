import { type Operation, operations } from '../../ir/operations.js';
import type { DType, Value } from '../../ir/value.js';
import { need, type TraceRule, type TraceRules } from '../rule.js';

/** A kernel that is an operation of the graph, without attributes. */
const alike =
  (op: string, { kernel = [], gives }: Operation): TraceRule =>
  (call) => {
    const inputs = kernel.map((name) => need(call, name));
    return call.graph.elementwise(op, inputs, gives ?? (inputs[0] as Value).dtype);
  };

const alikeRules: TraceRules = Object.fromEntries(
  [...operations]
    .filter(([, { over, kernel }]) => over === 'entries' && kernel !== undefined)
    .map(([op, facts]) => [op, alike(op, facts)]),
);

/** Kernels that work entry by entry. */
export const elementwiseRules: TraceRules = {
  ...alikeRules,
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

import { concat, reshaped } from '../ir/concat.js';
import { type Graph, reachable } from '../ir/graph.js';
import { operations } from '../ir/operations.js';
import { type NodeValue, sameShape, sizeOf, type Value } from '../ir/value.js';
import { findLanes, type LaneClass } from './lanes.js';
import { remade } from './rebuild.js';

/** Operations that can be done for all lanes at once. */
function stackable({ op, shape, inputs }: NodeValue): boolean {
  const over = operations.get(op)?.over;
  if (over === 'matrices') return shape.length === 2 && inputs.every((input) => input.shape.length === 2);
  return over !== undefined;
}

/**
 * Outputs in which what is done for each of many tasks is done once, for all of them together: K heads of the same shape become
 * one, with an axis for the heads in front.
 */
export function stackLanes(graph: Graph, outputs: ReadonlyMap<string, Value>): Map<string, Value> {
  const classes = findLanes(reachable([...outputs.values()]), stackable, ({ op }) => op === 'BatchMatMul');
  if (classes.length === 0) return new Map(outputs);
  const stacker = createStacker(graph, classes);
  return new Map([...outputs].map(([name, value]) => [name, stacker(value)]));
}

function createStacker(graph: Graph, classes: readonly LaneClass[]): (value: Value) => Value {
  const laneOf = new Map<Value, { readonly of: LaneClass; readonly lane: number }>();
  for (const one of classes) for (const [lane, member] of one.members.entries()) laneOf.set(member, { of: one, lane });
  const stacks = new Map<LaneClass, Value>();
  const rebuilt = new Map<Value, Value>();

  /** A value of the new program. Inputs are done before what uses them, so that long chains need no deep stack. */
  function rebuild(value: Value): Value {
    const known = rebuilt.get(value);
    if (known !== undefined) return known;
    for (const one of reachable([value])) if (!rebuilt.has(one)) rebuilt.set(one, rebuildOne(one));
    return rebuilt.get(value) as Value;
  }

  function rebuildOne(value: Value): Value {
    if (value.kind !== 'node') return value;
    const place = laneOf.get(value);
    if (place === undefined) return unstacked(value);
    const stack = stackOf(place.of);
    const slice = graph.slice(stack, [place.lane, ...value.shape.map(() => 0)], [1, ...value.shape]);
    return graph.reshape(slice, value.shape);
  }

  function unstacked(value: NodeValue): Value {
    const summed = value.op === 'Add' ? sumOfLanes(value) : undefined;
    if (summed !== undefined) return summed;
    const inputs = value.inputs.map(rebuild);
    return (value.op === 'Concat' ? interleaved(value, inputs) : undefined) ?? remade(graph, value, inputs);
  }

  function stackOf(one: LaneClass): Value {
    const known = stacks.get(one);
    if (known !== undefined) return known;
    const made = makeStack(one);
    stacks.set(one, made);
    return made;
  }

  function makeStack({ members }: LaneClass): Value {
    const [first] = members as readonly [NodeValue];
    const operands = first.inputs.map((_, i) => operand(members.map(({ inputs }) => inputs[i] as Value)));
    const spec = { shape: [members.length, ...first.shape], dtype: first.dtype };
    const [x] = operands as [Operand];
    if (first.op === 'BatchMatMul') return stackedProduct(first, operands as [Operand, Operand], spec.shape);
    // Where nothing differs between the lanes, one of them would have done; hash-consing has seen to that.
    if (first.op === 'Reshape') return graph.reshape(x.value, spec.shape);
    if (first.op === 'BroadcastTo') return graph.broadcastTo(withRank(x, first.shape.length), spec.shape);
    if (operations.get(first.op)?.over === 'axes') {
      const axes = (first.attributes.axes as number[] | undefined)?.map((axis) => axis + 1);
      return graph.node(first.op, [x.value], spec, { ...first.attributes, ...(axes && { axes }) });
    }
    const aligned = operands.map((one) => (one.stacked ? withRank(one, first.shape.length) : one.value));
    return graph.elementwise(first.op, aligned, first.dtype, first.attributes);
  }

  /** Operands of all lanes: one value that they share, or all of them stacked. */
  function operand(values: readonly Value[]): Operand {
    const [first] = values as readonly [Value];
    const place = laneOf.get(first);
    const isWhole = place?.of.members.length === values.length;
    if (place !== undefined && isWhole && values.every((one, lane) => place.of.members[lane] === one)) {
      return { value: stackOf(place.of), stacked: true };
    }
    if (values.every((one) => one === first)) return { value: rebuild(first), stacked: false };
    const rows = values.map((one) => (one.shape.length === 0 ? graph.reshape(rebuild(one), [1]) : rebuild(one)));
    return { value: graph.reshape(concat(graph, rows, 0), [values.length, ...first.shape]), stacked: true };
  }

  function withRank({ value, stacked }: Operand, rank: number): Value {
    if (!stacked) return value;
    const [count, ...shape] = value.shape as [number, ...number[]];
    return graph.reshape(value, [count, ...new Array<number>(rank - shape.length).fill(1), ...shape]);
  }

  function stackedProduct(
    { attributes, dtype }: NodeValue,
    [a, b]: [Operand, Operand],
    shape: readonly number[],
  ): Value {
    const { transposeA } = attributes as { transposeA: boolean };
    if (a.stacked && !b.stacked && !transposeA) {
      // Rows of all lanes times the same matrix are one product.
      const [count, rows, inner] = a.value.shape as [number, number, number];
      const flat = graph.reshape(a.value, [count * rows, inner]);
      const spec = { shape: [count * rows, shape[2] as number], dtype };
      return graph.reshape(graph.node('BatchMatMul', [flat, b.value], spec, attributes), shape);
    }
    return graph.node('BatchMatMul', [a.value, b.value], { shape, dtype }, attributes);
  }

  /** A concatenation of the same classes lane by lane, as one of their stacks along the second axis. */
  function interleaved(value: NodeValue, inputs: readonly Value[]): Value | undefined {
    if (value.attributes.axis !== 0) return undefined;
    const groups: Value[] = [];
    let at = 0;
    while (at < inputs.length) {
      const run = runAt(graph, inputs, at);
      if (run === undefined) {
        groups.push(graph.reshape(inputs[at] as Value, [-1]));
        at++;
      } else {
        groups.push(run.value);
        at += run.length;
      }
    }
    if (groups.length === inputs.length) return undefined;
    return graph.reshape(concat(graph, groups, 0), value.shape);
  }

  /** A sum of one class over all lanes, and of what else was added to it. */
  function sumOfLanes(value: NodeValue): Value | undefined {
    const terms = termsOf(value);
    for (const term of terms) {
      const place = laneOf.get(term);
      if (place?.lane !== 0 || !place.of.members.every((one) => terms.has(one))) continue;
      const others = [...terms].filter((one) => laneOf.get(one)?.of !== place.of);
      const spec = { shape: value.shape, dtype: value.dtype };
      const sum = graph.node('Sum', [stackOf(place.of)], spec, { axes: [0], keepDims: false });
      return others.reduce((total: Value, one) => graph.elementwise('Add', [total, rebuild(one)], value.dtype), sum);
    }
    return undefined;
  }

  return rebuild;
}

/** What a chain of additions adds up, where nothing is broadcast or added twice. */
function termsOf(value: NodeValue): ReadonlySet<Value> {
  const terms = new Set<Value>();
  const open: Value[] = [...value.inputs];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (!sameShape(one.shape, value.shape) || terms.has(one)) return new Set();
    if (one.kind === 'node' && one.op === 'Add') open.push(...one.inputs);
    else terms.add(one);
  }
  return terms;
}

/** Parts that are slices of stacks, lane by lane and in each lane in the same order: the numbers of all, and how many parts. */
function runAt(graph: Graph, parts: readonly Value[], at: number): { value: Value; length: number } | undefined {
  const first = sliceOf(parts[at]);
  if (first?.lane !== 0) return undefined;
  const count = first.stack.shape[0] as number;
  let period = 1;
  while (at + period < parts.length && sliceOf(parts[at + period])?.lane === 0) period++;
  const stacks = Array.from({ length: period }, (_, i) => sliceOf(parts[at + i])?.stack as Value);
  for (let i = 0; i < period * count; i++) {
    const slice = sliceOf(parts[at + i]);
    if (slice?.stack !== stacks[i % period] || slice?.lane !== Math.floor(i / period)) return undefined;
  }
  const rows = stacks.map((stack) => graph.reshape(stack, [count, sizeOf(stack.shape) / count]));
  return { value: graph.reshape(concat(graph, rows, 1), [-1]), length: period * count };
}

/** The stack of which a value is the part of one lane. */
function sliceOf(value: Value | undefined): { stack: Value; lane: number } | undefined {
  const slice = value === undefined ? undefined : reshaped(value);
  if (slice?.kind !== 'node' || slice.op !== 'Slice') return undefined;
  const stack = slice.inputs[0] as Value;
  const [lane, ...others] = slice.attributes.begin as [number, ...number[]];
  const whole = slice.shape[0] === 1 && others.every((begin) => begin === 0);
  return whole && sizeOf(slice.shape) * (stack.shape[0] as number) === sizeOf(stack.shape)
    ? { stack, lane }
    : undefined;
}

/** Numbers of all lanes: one value for all, or stacked along the first axis. */
interface Operand {
  readonly value: Value;
  readonly stacked: boolean;
}

import type { NodeValue, Value } from '../ir/value.js';

/*
 * A program for many tasks does the same for each: the same operations on other weights and labels. Such operations are found here:
 * a lane is what one task does, and a class is one operation with its counterpart in every lane.
 */

/** The same operation in every lane. */
export interface LaneClass {
  /** By lane. */
  readonly members: readonly NodeValue[];
}

/** Fewer lanes than this stay apart: stacking would cost more than it saves. */
const fewest = 3;

/**
 * Classes of operations that stand side by side, one member for each lane, among `values` (inputs before what uses them).
 * `wanted` says which operations may be in a class, and whether an operation makes stacking worth while.
 */
export function findLanes(
  values: readonly Value[],
  wanted: (node: NodeValue) => boolean,
  worthwhile: (node: NodeValue) => boolean,
): LaneClass[] {
  const found: LaneClass[] = [];
  const bySize = new Map<number, NodeValue[][]>();
  for (const members of alike(values, wanted)) {
    if (members.length < fewest) continue;
    bySize.set(members.length, [...(bySize.get(members.length) ?? []), members]);
  }
  for (const [count, classes] of bySize) {
    for (const bundle of bundles(classes, count)) {
      if (bundle.some(({ members }) => worthwhile(members[0] as NodeValue))) found.push(...bundle);
    }
  }
  return found;
}

/** Nodes that compute the same from inputs of the same kind; where a slice begins does not matter. */
function alike(values: readonly Value[], wanted: (node: NodeValue) => boolean): Iterable<NodeValue[]> {
  const colors = new Map<Value, number>();
  const known = new Map<string, number>();
  const classes = new Map<number, NodeValue[]>();
  for (const value of values) {
    const key = describe(value, colors);
    const color = known.get(key) ?? known.size;
    known.set(key, color);
    colors.set(value, color);
    if (value.kind === 'node' && wanted(value)) classes.set(color, [...(classes.get(color) ?? []), value]);
  }
  return classes.values();
}

function describe(value: Value, colors: ReadonlyMap<Value, number>): string {
  const shape = `${value.dtype} ${value.shape.join()}`;
  if (value.kind === 'input') return `input ${shape}`;
  if (value.kind !== 'node') return `constant ${value.id}`;
  const { begin, ...attributes } = value.attributes;
  const settings = JSON.stringify(value.op === 'Slice' ? attributes : value.attributes);
  return `${value.op} ${shape} ${settings} ${value.inputs.map((input) => colors.get(input)).join()}`;
}

/** Groups classes whose members hang together, lane by lane; classes that do not fit into lanes are left out. */
function bundles(classes: readonly (readonly NodeValue[])[], count: number): LaneClass[][] {
  let left = classes;
  for (;;) {
    const lanes = connected(left);
    const fitting = left.filter((members) => new Set(members.map((one) => lanes.get(one))).size === count);
    if (fitting.length === left.length) return sorted(left, lanes);
    left = fitting;
  }
}

/** For every node the first node of those that it is connected with. */
function connected(classes: readonly (readonly NodeValue[])[]): Map<Value, Value> {
  const parents = new Map<Value, Value>();
  for (const members of classes) for (const one of members) parents.set(one, one);
  const root = (value: Value): Value => {
    let top = value;
    while (parents.get(top) !== top) top = parents.get(top) as Value;
    parents.set(value, top);
    return top;
  };
  for (const value of [...parents.keys()] as NodeValue[]) {
    for (const input of value.inputs) if (parents.has(input)) parents.set(root(value), root(input));
  }
  return new Map([...parents.keys()].map((value) => [value, root(value)]));
}

/** Classes with their members in the order of the lanes, by bundle. */
function sorted(classes: readonly (readonly NodeValue[])[], lanes: ReadonlyMap<Value, Value>): LaneClass[][] {
  const found = new Map<string, { order: Map<Value, number>; classes: LaneClass[] }>();
  for (const members of classes) {
    const mine = members.map((one) => lanes.get(one) as Value);
    const key = mine
      .map(({ id }) => id)
      .sort((a, b) => a - b)
      .join();
    const bundle = found.get(key) ?? { order: new Map(mine.map((lane, i) => [lane, i])), classes: [] };
    found.set(key, bundle);
    const place = (one: NodeValue) => bundle.order.get(lanes.get(one) as Value) as number;
    bundle.classes.push({ members: [...members].sort((a, b) => place(a) - place(b)) });
  }
  return [...found.values()].map((bundle) => bundle.classes);
}

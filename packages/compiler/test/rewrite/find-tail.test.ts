import { describe, expect, test } from 'vitest';
import { concat } from '../../src/ir/concat.js';
import { createGraph } from '../../src/ir/create-graph.js';
import type { Graph } from '../../src/ir/graph.js';
import type { Value } from '../../src/ir/value.js';
import { findTail, partsOf } from '../../src/rewrite/find-tail.js';

const dtype = 'float32' as const;
const size = 5000;

function start() {
  const graph = createGraph();
  const vector = (name: string) => graph.input(name, { shape: [size], dtype });
  const number = (name: string) => graph.input(name, { shape: [], dtype });
  const op = (name: string, ...inputs: Value[]) => graph.elementwise(name, inputs, dtype);
  return { graph, vector, number, op };
}

/** Momentum: v' = μ v + g, p' = p − (η · 2) v'. */
function momentum({ graph, vector, number, op }: ReturnType<typeof start>, gradient: Value) {
  const v = op('Add', op('Multiply', vector('v'), number('mu')), gradient);
  const rate = op('Multiply', number('eta'), graph.uniform(2, [], dtype));
  return { v, p: op('Sub', vector('p'), op('Multiply', v, rate)) };
}

const outputsOf = (outputs: Record<string, Value>) => new Map(Object.entries(outputs));

describe('the tail of a program', () => {
  test('is what works entry by entry on whole vectors, and on numbers for them', () => {
    const parts = start();
    const found = findTail(outputsOf(momentum(parts, parts.vector('g'))), size);
    expect(found?.steps.map(({ op, isScalar }) => [op, isScalar])).toEqual([
      ['Multiply', false],
      ['Add', false],
      ['Multiply', true],
      ['Multiply', false],
      ['Sub', false],
    ]);
    expect(found?.arrays.map((one) => (one as { name: string }).name)).toEqual(['v', 'g', 'p']);
    expect(found?.scalars.map((one) => (one as { name: string }).name)).toEqual(['mu', 'eta']);
    expect([...(found?.outputs ?? [])]).toEqual([
      ['v', 1],
      ['p', 4],
    ]);
  });

  test('may be two operations, as plain descent is', () => {
    const { vector, number, op } = start();
    const p = op('Sub', vector('p'), op('Multiply', vector('g'), number('eta')));
    expect(findTail(outputsOf({ p }), size)?.steps.map((one) => one.op)).toEqual(['Multiply', 'Sub']);
    expect(findTail(outputsOf({ p: op('Sub', vector('p'), vector('g')) }), size)).toBeUndefined();
  });

  test('reads what other operations compute', () => {
    const parts = start();
    const { graph, vector, op } = parts;
    const norm = graph.node(
      'Sum',
      [op('Multiply', vector('x'), vector('x'))],
      { shape: [], dtype },
      { axes: [0], keepDims: false },
    );
    // The scaled gradient belongs to the tail, the square does not: the norm is made of it.
    const scaled = op('RealDiv', vector('x'), op('Sqrt', norm));
    const found = findTail(outputsOf(momentum(parts, scaled)), size);
    expect(found?.steps.map(({ op: name }) => name)).toEqual([
      'Sqrt',
      'RealDiv',
      'Multiply',
      'Add',
      'Multiply',
      'Multiply',
      'Sub',
    ]);
    expect(found?.scalars).toContain(norm);
    const further = {
      ...momentum(parts, scaled),
      largest: graph.node('Max', [scaled], { shape: [], dtype }, { axes: [0], keepDims: false }),
    };
    expect(findTail(outputsOf(further), size)?.arrays).toContain(scaled);
  });

  test('is none for vectors of another size, few operations, and numbers that are known', () => {
    const parts = start();
    expect(findTail(outputsOf(momentum(parts, parts.vector('g'))), size - 1)).toBeUndefined();
    const { graph, vector, op } = parts;
    expect(findTail(outputsOf({ x: op('Add', vector('a'), vector('b')) }), size)).toBeUndefined();
    const known = graph.constant(
      Float32Array.from({ length: size }, (_, i) => i),
      { shape: [size], dtype },
    );
    expect(
      findTail(outputsOf({ x: op('Sqrt', op('Neg', op('Abs', op('Add', vector('a'), known)))) }), size)?.steps,
    ).toHaveLength(3);
  });

  test('has the parts of a vector written to their places where all are computed', () => {
    const { graph, op } = start();
    const made = (name: string, shape: number[]) => op('Exp', graph.input(name, { shape, dtype }));
    const [a, b] = [made('a', [2, 3]), made('b', [4])];
    const joined = (graph: Graph, ...values: Value[]) =>
      concat(
        graph,
        values.map((one) => graph.reshape(one, [-1])),
        0,
      );
    expect(partsOf(joined(graph, a, b))).toEqual([a, b]);
    for (const other of [joined(graph, a, graph.uniform(0, [4], dtype)), joined(graph, b, b), b]) {
      expect(partsOf(other)).toEqual([other]);
    }
  });
});

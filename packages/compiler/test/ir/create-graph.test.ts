import { describe, expect, test } from 'vitest';
import { createGraph } from '../../src/ir/create-graph.js';
import { reachable } from '../../src/ir/graph.js';
import type { Value } from '../../src/ir/value.js';

const f = 'float32' as const;

describe('a graph under construction', () => {
  test('has equal operations once', () => {
    const graph = createGraph();
    const x = graph.input('x', { shape: [2, 3], dtype: f });
    const twice = () => graph.elementwise('Exp', [graph.elementwise('Neg', [x], f)], f);
    expect(twice()).toBe(twice());
    expect(reachable([twice()]).map(({ kind }) => kind)).toEqual(['input', 'node', 'node']);
    expect(graph.slice(x, [0, 0], [1, 3])).not.toBe(graph.slice(x, [1, 0], [1, 3]));
  });

  test('leaves out what changes nothing', () => {
    const graph = createGraph();
    const x = graph.input('x', { shape: [2, 3], dtype: f });
    const ones = graph.uniform(1, [2, 3], f);
    const zero = graph.uniform(0, [], f);
    const same: [string, Value, Value][] = [
      ['Multiply', x, ones],
      ['Multiply', ones, x],
      ['Add', zero, x],
      ['Sub', x, zero],
      ['RealDiv', x, ones],
      ['Pow', x, ones],
    ];
    for (const [op, a, b] of same) expect(graph.elementwise(op, [a, b], f), op).toBe(x);
    expect(graph.reshape(graph.reshape(x, [6]), [2, 3])).toBe(x);
    expect(graph.transpose(graph.transpose(x, [1, 0]), [1, 0])).toBe(x);
    expect(graph.broadcastTo(x, [2, 3])).toBe(x);
    expect(graph.elementwise('Neg', [graph.elementwise('Neg', [x], f)], f)).toBe(x);
  });

  test('does not lose a broadcast with the operand that made it', () => {
    const graph = createGraph();
    const x = graph.input('x', { shape: [3], dtype: f });
    const large = graph.elementwise('Multiply', [x, graph.uniform(1, [2, 3], f)], f);
    expect(large).toMatchObject({ op: 'BroadcastTo', shape: [2, 3] });
    // And sinks it below what follows, until an operand has that shape anyway.
    const y = graph.input('y', { shape: [2, 3], dtype: f });
    const halves = graph.elementwise('RealDiv', [large, graph.uniform(2, [], f)], f);
    expect(graph.elementwise('Add', [halves, y], f)).toMatchObject({
      op: 'Add',
      inputs: [{ op: 'RealDiv', shape: [3] }, { name: 'y' }],
    });
  });

  test('computes constants', () => {
    const graph = createGraph();
    expect(graph.elementwise('Add', [graph.uniform(1, [4], f), graph.uniform(2, [], f)], f)).toMatchObject({
      kind: 'uniform',
      fill: 3,
      shape: [4],
    });
    expect(graph.elementwise('Exp', [graph.uniform(0, [1000, 1000], f)], f)).toMatchObject({
      kind: 'uniform',
      fill: 1,
    });
    expect(graph.cast(graph.uniform(2.7, [2], f), 'int32')).toMatchObject({ kind: 'uniform', fill: 2, dtype: 'int32' });
    expect(graph.input('nothing', { shape: [0, 4], dtype: f }).kind).toBe('uniform');
  });

  test('keeps NaN and infinity: x · 0 is not 0', () => {
    const graph = createGraph();
    const x = graph.input('x', { shape: [2], dtype: f });
    expect(graph.elementwise('Multiply', [x, graph.uniform(0, [], f)], f).kind).toBe('node');
  });

  test('gates by a step, unless its slope is not 0', () => {
    const graph = createGraph();
    const [x, dy] = ['x', 'dy'].map((name) => graph.input(name, { shape: [2], dtype: f })) as [Value, Value];
    const step = (alpha: number) => graph.elementwise('Step', [x], f, { alpha });
    expect(graph.elementwise('Multiply', [dy, step(0)], f)).toMatchObject({
      op: 'Multiply',
      inputs: [dy, { op: 'ReluSlope', inputs: [{ op: 'Relu', inputs: [x] }] }],
    });
    expect(graph.elementwise('Multiply', [dy, step(-1)], f)).toMatchObject({ inputs: [dy, { op: 'Step' }] });
  });
});

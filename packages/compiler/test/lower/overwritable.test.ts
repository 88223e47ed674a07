import { describe, expect, test } from 'vitest';
import type { OnnxGraph } from '../../src/lower/onnx/graph.js';
import { overwritable } from '../../src/lower/overwritable.js';

/** A graph over inputs `x` and `y` of shape [4], from lines such as `o = Add x y`. */
function graph(...lines: string[]): OnnxGraph {
  const info = (name: string) => ({ name, type: 'float32' as const, shape: [4] });
  return {
    name: 'test',
    inputs: [info('x'), info('y')],
    outputs: [info('o')],
    constants: [],
    nodes: lines.map((line) => {
      const [output, op, ...inputs] = line.replace('= ', '').split(' ') as [string, string, ...string[]];
      return { op, inputs, outputs: [output] };
    }),
  };
}

describe('whether an output may be written over an input', () => {
  test.each<[string, boolean, OnnxGraph]>([
    ['entry by entry', true, graph('o = Sub x y')],
    ['nobody reads it', true, graph('o = Exp y')],
    ['read before by what the output needs', true, graph('t = Softmax x', 'o = Sub x t')],
    ['read by somebody else', false, graph('t = Softmax x', 'o = Sub x y')],
    ['read by somebody else, before', false, graph('o = Sub x y', 't = Exp x')],
    ['not entry by entry', false, graph('o = CumSum x')],
    ['shown by a reshape that the output needs', true, graph('r = Reshape x', 't = Exp r', 'o = Sub x t')],
    [
      'shown by a reshape that somebody else reads',
      false,
      graph('r = Reshape x', 't = Exp r', 'u = Exp t', 'v = Add r u', 'o = Sub x t'),
    ],
    ['shown by a reshape that the output reads in another order', false, graph('r = Reshape x', 'o = Sub r y')],
  ])('%s: %s', (_, expected, given) => {
    expect(overwritable(given, 'o', ['x'])).toBe(expected);
  });
});

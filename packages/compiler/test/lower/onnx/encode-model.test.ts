import { expect, test } from 'vitest';
import { encodeModel } from '../../../src/lower/onnx/encode-model.js';
import type { OnnxGraph, OnnxNode } from '../../../src/lower/onnx/graph.js';
import { floats, integers, messages, readWire, strings, type WireFields } from './wire.js';

const empty: OnnxGraph = { name: 'empty', inputs: [], outputs: [], constants: [], nodes: [] };

// Field numbers are those of onnx.proto.
function graphOf(graph: Partial<OnnxGraph>): WireFields {
  return messages(readWire(encodeModel({ ...empty, ...graph })), 7)[0] as WireFields;
}

test('says which format, operator set and producer the model has', () => {
  const model = readWire(encodeModel(empty));
  expect(integers(model, 1)).toEqual([9]);
  expect(strings(model, 2)).toEqual(['polytask']);
  expect(messages(model, 8).map((set) => [strings(set, 1), integers(set, 2)])).toEqual([[[''], [20]]]);
  expect(strings(messages(model, 7)[0] as WireFields, 2)).toEqual(['empty']);
});

test('imports the operator sets that are used, and the version that is asked for', () => {
  const nodes: OnnxNode[] = [
    { op: 'FusedMatMul', domain: 'com.microsoft', inputs: ['a', 'b'], outputs: ['c'] },
    { op: 'FusedMatMul', domain: 'com.microsoft', inputs: ['c', 'b'], outputs: ['d'] },
  ];
  const model = readWire(encodeModel({ ...empty, nodes }, { opset: 21 }));
  expect(integers(model, 1)).toEqual([10]);
  expect(messages(model, 8).map((set) => [strings(set, 1), integers(set, 2)])).toEqual([
    [[''], [21]],
    [['com.microsoft'], [1]],
  ]);
});

test('stores metadata', () => {
  const model = readWire(encodeModel(empty, { metadata: { tasks: '["left"]', note: 'é' } }));
  expect(messages(model, 14).map((entry) => [...strings(entry, 1), ...strings(entry, 2)])).toEqual([
    ['tasks', '["left"]'],
    ['note', 'é'],
  ]);
});

test('writes the types and shapes of inputs and outputs, symbolic dimensions by name', () => {
  const graph = graphOf({
    inputs: [
      { name: 'x', type: 'float32', shape: ['batch', 3] },
      { name: 'ids', type: 'int64', shape: [] },
    ],
    outputs: [{ name: 'y', type: 'bool', shape: [0] }],
  });
  const described = [...messages(graph, 11), ...messages(graph, 12)].map((info) => {
    const tensor = messages(messages(info, 2)[0] as WireFields, 1)[0] as WireFields;
    const dims = messages(messages(tensor, 2)[0] as WireFields, 1);
    return [...strings(info, 1), ...integers(tensor, 1), dims.map((dim) => [...integers(dim, 1), ...strings(dim, 2)])];
  });
  expect(described).toEqual([
    ['x', 1, [['batch'], [3]]],
    ['ids', 7, []],
    ['y', 9, [[0]]],
  ]);
});

test('writes constants of every type as raw little-endian values', () => {
  const graph = graphOf({
    constants: [
      { name: 'f', type: 'float32', shape: [2], data: new Float32Array([0, 1.5, -2]).subarray(1) },
      { name: 'i', type: 'int32', shape: [1, 1], data: new Int32Array([-2]) },
      { name: 'l', type: 'int64', shape: [1], data: new BigInt64Array([-1n]) },
      { name: 'b', type: 'bool', shape: [2], data: new Uint8Array([0, 1]) },
      { name: 'u', type: 'uint8', shape: [], data: new Uint8Array([200]) },
      { name: 'none', type: 'float32', shape: [0, 4], data: new Float32Array(0) },
    ],
  });
  const found = messages(graph, 5).map((tensor) => [
    ...strings(tensor, 8),
    ...integers(tensor, 2),
    integers(tensor, 1),
    [...((tensor.get(9) as Uint8Array[])[0] as Uint8Array)],
  ]);
  expect(found).toEqual([
    ['f', 1, [2], [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]],
    ['i', 6, [1, 1], [0xfe, 0xff, 0xff, 0xff]],
    ['l', 7, [1], [255, 255, 255, 255, 255, 255, 255, 255]],
    ['b', 9, [2], [0, 1]],
    ['u', 2, [], [200]],
    ['none', 1, [0, 4], []],
  ]);
});

test('writes nodes with every kind of attribute, keeping omitted inputs', () => {
  const graph = graphOf({
    nodes: [
      {
        op: 'Op',
        inputs: ['a', '', 'c'],
        outputs: ['d', ''],
        attributes: {
          i: { int: -1 },
          f: { float: 0.25 },
          is: { ints: [1, -2, 0] },
          fs: { floats: [0.5, -1] },
          s: { string: 'SAME' },
          zero: { int: 0 },
        },
      },
    ],
  });
  const [node] = messages(graph, 1) as [WireFields];
  expect(strings(node, 4)).toEqual(['Op']);
  expect(strings(node, 1)).toEqual(['a', '', 'c']);
  expect(strings(node, 2)).toEqual(['d', '']);
  // Name, kind, f, i, s, floats, ints.
  const attributes = messages(node, 5).map((attribute) => [
    ...strings(attribute, 1),
    ...integers(attribute, 20),
    [...floats(attribute, 2), ...integers(attribute, 3), ...strings(attribute, 4)],
    [...floats(attribute, 7), ...integers(attribute, 8)],
  ]);
  expect(attributes).toEqual([
    ['i', 2, [-1], []],
    ['f', 1, [0.25], []],
    ['is', 7, [], [1, -2, 0]],
    ['fs', 6, [], [0.5, -1]],
    ['s', 3, ['SAME'], []],
    ['zero', 2, [0], []],
  ]);
});

test('refuses a constant whose values do not fit its type or shape', () => {
  const encode = (data: Float32Array | Int32Array) => () =>
    encodeModel({ ...empty, constants: [{ name: 'c', type: 'float32', shape: [2], data }] });
  expect(encode(new Float32Array(3))).toThrow(/`c` of type float32 and shape \[2\] needs a Float32Array of 2 values/);
  expect(encode(new Int32Array(2))).toThrow(/but has a Int32Array of 2/);
});

test('writes thousands of nodes', () => {
  const nodes = Array.from({ length: 5000 }, (_, i): OnnxNode => {
    return { op: 'Relu', inputs: [`v${i}`], outputs: [`v${i + 1}`], attributes: { axis: { int: i } } };
  });
  const found = messages(graphOf({ nodes }), 1);
  expect(found).toHaveLength(5000);
  expect(strings(found[4999] as WireFields, 1)).toEqual(['v4999']);
});

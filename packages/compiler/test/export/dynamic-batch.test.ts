import { expect, test } from 'vitest';
import { sampleBatches, withDynamicBatch } from '../../src/export/dynamic-batch.js';
import { encodeModel } from '../../src/lower/onnx/encode-model.js';
import type { OnnxConstant, OnnxGraph, OnnxNode } from '../../src/lower/onnx/graph.js';
import { nodeRuntime } from '../../src/run/runtime/node.js';
import { info, tensor } from '../run/runtime/graphs.js';

const ints = (name: string, ...values: number[]): OnnxConstant => ({
  name,
  type: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** x [batch, 3] to y, at one of the sample sizes. */
function graph(batch: number, shape: number[], nodes: OnnxNode[], constants: OnnxConstant[]): OnnxGraph {
  return { name: 'g', inputs: [info('x', [batch, 3])], outputs: [info('y', shape)], constants, nodes };
}

function generalised(make: (batch: number) => OnnxGraph): OnnxGraph {
  return withDynamicBatch(make(sampleBatches[0]), make(sampleBatches[1]));
}

async function run(of: OnnxGraph, rows: number): Promise<{ shape: readonly number[]; values: number[] }> {
  const session = await (await nodeRuntime()).open(encodeModel(of), { threads: 1 });
  const x = tensor(
    Float32Array.from({ length: rows * 3 }, (_, i) => i),
    [rows, 3],
  );
  const { y } = await session.run({ x }, { y: null });
  await session.dispose();
  return { shape: y?.shape ?? [], values: [...((y?.data ?? []) as Float32Array)] };
}

test('lets Reshape work out the dimension that depends on the batch', async () => {
  const found = generalised((batch) =>
    graph(
      batch,
      [batch, 3],
      [
        { op: 'Reshape', inputs: ['x', 'flat'], outputs: ['f'] },
        { op: 'Reshape', inputs: ['f', 'back'], outputs: ['y'] },
      ],
      [ints('flat', batch * 3), ints('back', batch, 3)],
    ),
  );
  expect(found.constants).toEqual([ints('flat', -1), ints('back', -1, 3)]);
  expect(found.inputs[0]?.shape).toEqual(['batch', 3]);
  expect((await run(found, 2)).shape).toEqual([2, 3]);
});

test('computes other shapes from the batch', async () => {
  const found = generalised((batch) =>
    graph(
      batch,
      [batch, 2, 3],
      [
        { op: 'Unsqueeze', inputs: ['x', 'axis'], outputs: ['u'] },
        { op: 'Expand', inputs: ['u', 's'], outputs: ['y'] },
      ],
      [ints('axis', 1), ints('s', batch, 2, 3)],
    ),
  );
  for (const rows of [1, 4]) {
    const { shape, values } = await run(found, rows);
    expect(shape).toEqual([rows, 2, 3]);
    expect(values.slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
  }
});

test('computes multiples and offsets of the batch', async () => {
  // The last row, then all others.
  const found = generalised((batch) =>
    graph(
      batch,
      [batch, 3],
      [
        { op: 'Slice', inputs: ['x', 'zero', 'last'], outputs: ['head'] },
        { op: 'Slice', inputs: ['x', 'last', 'double'], outputs: ['tail'] },
        { op: 'Concat', inputs: ['tail', 'head'], outputs: ['y'], attributes: { axis: { int: 0 } } },
      ],
      [ints('zero', 0), ints('last', batch - 1), ints('double', batch * 2)],
    ),
  );
  expect(await run(found, 3)).toEqual({ shape: [3, 3], values: [6, 7, 8, 0, 1, 2, 3, 4, 5] });
});

test.each([
  [
    'numbers that it computes with',
    (batch: number) => {
      const share: OnnxConstant = { name: 'c', type: 'float32', shape: [1], data: new Float32Array([1 / batch]) };
      return graph(batch, [batch, 3], [{ op: 'Mul', inputs: ['x', 'c'], outputs: ['y'] }], [share]);
    },
  ],
  [
    'operator Mul',
    (batch: number) => {
      const attributes = { size: { int: batch } };
      return graph(batch, [batch, 3], [{ op: 'Mul', inputs: ['x', 'x'], outputs: ['y'], attributes }], []);
    },
  ],
  [
    'which operators it is made of',
    (batch: number) => {
      const nodes = batch === sampleBatches[0] ? [] : [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }];
      return graph(batch, [batch, 3], nodes, []);
    },
  ],
  [
    'the shape of `y`, beyond its first dimension',
    (batch: number) => graph(batch, [3, batch], [{ op: 'Transpose', inputs: ['x'], outputs: ['y'] }], []),
  ],
])('refuses where the batch size decides %s', (what, make) => {
  expect(() => generalised(make)).toThrow(
    expect.objectContaining({ code: 'POLYTASK_EXPORT_BATCH', message: expect.stringContaining(`decides ${what}.`) }),
  );
});

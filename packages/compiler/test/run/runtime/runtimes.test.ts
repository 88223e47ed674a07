import { PolytaskError } from '@polytask/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeRuntime } from '../../../src/run/runtime/node.js';
import type { Runtime, RuntimeSession, RuntimeTensor } from '../../../src/run/runtime/runtime.js';
import { webRuntime } from '../../../src/run/runtime/web.js';
import { floats, info, model, tensor } from './graphs.js';

/** y = x + [1, 2], and more outputs. */
const sums = model({
  inputs: [info('x', [2])],
  outputs: [info('y', [2]), info('twice', [2])],
  constants: [{ name: 'c', type: 'float32', shape: [2], data: new Float32Array([1, 2]) }],
  nodes: [
    { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
    { op: 'Add', inputs: ['x', 'x'], outputs: ['twice'] },
  ],
});

/** What a promise is rejected with, which must be an error of ours. */
async function failure(promise: Promise<unknown>): Promise<PolytaskError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!PolytaskError.isInstance(error)) throw new Error(`Not an error of ours: ${error}`);
  return error;
}

describe.each([
  ['node', 'by its C interface', () => nodeRuntime()],
  ['node', 'by its binding', () => nodeRuntime({ direct: false })],
  ['web', 'by its binding', () => webRuntime()],
] as const)('runtime %s, %s', (name, _way, load) => {
  let runtime: Runtime;
  const opened: RuntimeSession[] = [];
  const open = async (bytes: Uint8Array, threads = 1) => {
    const session = await runtime.open(bytes, { threads, name: 'step' });
    opened.push(session);
    return session;
  };
  /** Runs a graph of one operator with these inputs, and gives its output. */
  async function operator(
    node: Parameters<typeof model>[0]['nodes'][number],
    feeds: Record<string, RuntimeTensor>,
    output: ReturnType<typeof info>,
  ) {
    const inputs = Object.entries(feeds).map(([key, { shape, type }]) => info(key, shape, type));
    const session = await open(model({ inputs, outputs: [output], nodes: [node] }));
    return (await session.run(feeds, { [output.name]: null }))[output.name] as RuntimeTensor;
  }

  beforeAll(async () => {
    runtime = await load();
  });
  afterAll(async () => {
    for (const session of opened) await session.dispose();
  });

  test('has a name', () => expect(runtime.name).toBe(name));

  test('gives new tensors', async () => {
    const session = await open(sums);
    const results = await session.run({ x: floats(10, 20) }, { y: null, twice: null });
    expect(results).toEqual({ y: floats(11, 22), twice: floats(20, 40) });
  });

  test('computes only what is fetched', async () => {
    const session = await open(sums);
    expect(await session.run({ x: floats(1, 2) }, { twice: null })).toEqual({ twice: floats(2, 4) });
    expect(await session.run({ x: floats(1, 2) }, {})).toEqual({});
  });

  test('writes into buffers, views included, and gives them back', async () => {
    const session = await open(sums);
    const store = new Float32Array(5).fill(-1);
    const buffers = { y: tensor(store.subarray(0, 2)), twice: tensor(store.subarray(3)) };
    const results = await session.run({ x: floats(10, 20) }, buffers);
    expect(results.y).toBe(buffers.y);
    expect(results.twice).toBe(buffers.twice);
    expect([...store]).toEqual([11, 22, -1, 20, 40]);
  });

  test('feeds views of one buffer, which may change between runs', async () => {
    const store = new Float32Array([5, 1, 2, 5]);
    const session = await open(sums);
    const x = tensor(store.subarray(1, 3));
    const y = floats(0, 0);
    await session.run({ x }, { y });
    expect([...y.data]).toEqual([2, 4]);
    store[1] = 100;
    await session.run({ x }, { y });
    expect([...y.data]).toEqual([101, 4]);
  });

  test('updates a buffer in place that is fed and fetched', async () => {
    const session = await open(sums);
    const state = floats(0, 0);
    for (let step = 0; step < 3; step++) await session.run({ x: state }, { y: state });
    expect([...state.data]).toEqual([3, 6]);
  });

  test('keeps runs apart that overlap', async () => {
    const session = await open(sums);
    const runs = [1, 2, 3].map((value) => session.run({ x: floats(value, value) }, { twice: null }));
    expect((await Promise.all(runs)).map(({ twice }) => twice?.data[0])).toEqual([2, 4, 6]);
  });

  test('takes the same array in another shape', async () => {
    const data = new Float32Array([1, 2, 3, 4]);
    const session = await open(
      model({
        inputs: [info('x', ['rows', 'columns'])],
        outputs: [info('y', ['rows', 1])],
        constants: [{ name: 'axis', type: 'int64', shape: [1], data: new BigInt64Array([1n]) }],
        nodes: [{ op: 'ReduceSum', inputs: ['x', 'axis'], outputs: ['y'] }],
      }),
    );
    expect((await session.run({ x: tensor(data, [2, 2]) }, { y: null })).y?.data).toEqual(new Float32Array([3, 7]));
    expect((await session.run({ x: tensor(data, [1, 4]) }, { y: null })).y?.data).toEqual(new Float32Array([10]));
  });

  test.each([
    ['float32', new Float32Array([1.5, -2]), new Float32Array([1.5, -2])],
    ['int32', new Int32Array([3, -4]), new Float32Array([3, -4])],
    ['int64', new BigInt64Array([3n, -4n]), new Float32Array([3, -4])],
    ['bool', new Uint8Array([1, 0]), new Float32Array([1, 0])],
  ] as const)('reads and writes %s', async (type, data, expected) => {
    const toFloat = { op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: { int: 1 } } };
    expect((await operator(toFloat, { x: tensor(data) }, info('y', [2]))).data).toEqual(expected);
    const code = { float32: 1, int32: 6, int64: 7, bool: 9 }[type];
    const back = { ...toFloat, attributes: { to: { int: code } } };
    const found = await operator(back, { x: tensor(expected) }, info('y', [2], type));
    expect(found).toEqual({ type, shape: [2], data });
  });

  test('reads and writes uint8', async () => {
    const x: RuntimeTensor = { type: 'uint8', shape: [2], data: new Uint8Array([7, 200]) };
    expect(await operator({ op: 'Identity', inputs: ['x'], outputs: ['y'] }, { x }, info('y', [2], 'uint8'))).toEqual(
      x,
    );
  });

  test('reads and writes tensors without elements', async () => {
    const x = tensor(new Float32Array(0), [0, 3]);
    expect(await operator({ op: 'Relu', inputs: ['x'], outputs: ['y'] }, { x }, info('y', [0, 3]))).toEqual(x);
  });

  test('reads and writes scalars', async () => {
    const x = tensor(new Float32Array([4]), []);
    expect((await operator({ op: 'Sqrt', inputs: ['x'], outputs: ['y'] }, { x }, info('y', []))).data[0]).toBe(2);
  });

  test('knows every kind of attribute, operators of other domains, and inputs left out', async () => {
    const x = tensor(new Float32Array([1, 2, 3, 4]), [2, 2]);
    const gemm = { op: 'Gemm', inputs: ['x', 'x'], outputs: ['y'] };
    const attributes = { transB: { int: 1 }, alpha: { float: 0.5 } };
    expect((await operator({ ...gemm, attributes }, { x }, info('y', [2, 2]))).data).toEqual(
      new Float32Array([2.5, 5.5, 5.5, 12.5]),
    );
    const permuted = { op: 'Transpose', inputs: ['x'], outputs: ['y'], attributes: { perm: { ints: [1, 0] } } };
    expect([...(await operator(permuted, { x }, info('y', [2, 2]))).data]).toEqual([1, 3, 2, 4]);
    const constant = { op: 'Constant', inputs: [], outputs: ['y'], attributes: { value_floats: { floats: [0.5, 2] } } };
    expect([...(await operator(constant, {}, info('y', [2]))).data]).toEqual([0.5, 2]);
    const fused = { ...gemm, op: 'FusedMatMul', domain: 'com.microsoft', attributes: { transA: { int: 1 } } };
    expect([...(await operator(fused, { x }, info('y', [2, 2]))).data]).toEqual([10, 14, 14, 20]);
    const scattered = {
      op: 'ScatterND',
      inputs: ['x', 'indices', 'x'],
      outputs: ['y'],
      attributes: { reduction: { string: 'add' } },
    };
    const indices = tensor(new BigInt64Array([1n, 1n]), [2, 1]);
    expect([...(await operator(scattered, { x, indices }, info('y', [2, 2]))).data]).toEqual([1, 2, 7, 10]);
    const clipped = { op: 'Clip', inputs: ['x', '', 'most'], outputs: ['y'] };
    const most = tensor(new Float32Array([2.5]), []);
    expect([...(await operator(clipped, { x, most }, info('y', [2, 2]))).data]).toEqual([1, 2, 2.5, 2.5]);
  });

  test('runs with more threads', async () => {
    const size = 64;
    const x = tensor(new Float32Array(size * size).fill(0.5), [size, size]);
    const bytes = model({
      inputs: [info('x', [size, size])],
      outputs: [info('y', [size, size])],
      nodes: [{ op: 'MatMul', inputs: ['x', 'x'], outputs: ['y'] }],
    });
    // Threads of the WebAssembly build are settled by the first model of the process: one, here.
    const session = await open(bytes, name === 'node' ? 2 : 1);
    expect((await session.run({ x }, { y: null })).y?.data).toEqual(new Float32Array(size * size).fill(16));
  });

  test('says which input is missing, unknown, of the wrong shape or type', async () => {
    const session = await open(sums);
    const run = (feeds: Record<string, RuntimeTensor>) => failure(session.run(feeds, { y: null }));
    expect(await run({})).toMatchObject({
      code: 'POLYTASK_MISSING_INPUT',
      message: 'Input `x` of the compiled program `step` must be fed, but only nothing was.',
    });
    expect((await run({ x: floats(1, 2), z: floats(1) })).code).toBe('POLYTASK_UNKNOWN_NAME');
    expect((await run({ x: floats(1, 2, 3) })).message).toBe(
      'Input `x` of the compiled program `step` must have shape [2], but has shape [3].',
    );
    expect((await run({ x: tensor(new Int32Array(2)) })).message).toBe(
      'Input `x` of the compiled program `step` must be float32, but is int32.',
    );
  });

  test('says which output is unknown or has a buffer of the wrong shape', async () => {
    const session = await open(sums);
    const x = floats(1, 2);
    expect((await failure(session.run({ x }, { w: null }))).code).toBe('POLYTASK_UNKNOWN_NAME');
    expect((await failure(session.run({ x }, { y: floats(1) }))).message).toBe(
      'Output `y` of the compiled program `step` must have shape [2], but has shape [1].',
    );
    expect(await session.run({ x }, { y: null })).toEqual({ y: floats(2, 4) });
  });

  test.each([
    ['Gather', ['data', 'ids'], [1, 2]],
    ['GatherElements', ['data', 'pairs'], [1, 1]],
    ['GatherND', ['data', 'pairs'], [1, 2]],
    ['ScatterND', ['data', 'pairs', 'rows'], [3, 2]],
    ['ScatterElements', ['data', 'pairs', 'one'], [3, 2]],
  ])('says that an index of %s is out of range', async (op, names, shape) => {
    const all: Record<string, RuntimeTensor> = {
      data: tensor(new Float32Array(6), [3, 2]),
      ids: tensor(new BigInt64Array([7n])),
      pairs: tensor(new BigInt64Array([7n]), [1, 1]),
      rows: tensor(new Float32Array(2), [1, 2]),
      one: tensor(new Float32Array(1), [1, 1]),
    };
    const feeds = Object.fromEntries(names.map((key) => [key, all[key] as RuntimeTensor]));
    const error = await failure(operator({ op, inputs: names, outputs: ['y'] }, feeds, info('y', shape)));
    expect(error.code).toBe('POLYTASK_INDEX_OUT_OF_RANGE');
    expect(error.message).toMatch(
      new RegExp(
        `^An index that the compiled program \`step\` uses( in ${op})? is out of range${op === 'GatherElements' ? '' : ': it is 7'}[ .]`,
      ),
    );
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('says which operator failed', async () => {
    const session = await open(
      model({
        inputs: [info('x', ['n']), info('shape', ['r'], 'int64')],
        outputs: [info('y', ['a', 'b'])],
        nodes: [{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
      }),
    );
    const shape = tensor(new BigInt64Array([2n, 2n]));
    const error = await failure(session.run({ x: floats(1, 2, 3), shape }, { y: null }));
    expect(error.code).toBe('POLYTASK_RUN_FAILED');
    expect(error.message).toMatch(
      /^The compiled program `step` failed.*: The input tensor cannot be reshaped to the requested shape\./,
    );
  });

  test('says why a model is refused', async () => {
    const unknown = model({
      inputs: [info('x', [2])],
      outputs: [info('y', [2])],
      nodes: [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
    });
    for (const [bytes, reason] of [
      [unknown, /NoSuchOperator/],
      [new Uint8Array([1, 2, 3]), /protobuf/],
    ] as const) {
      const error = await failure(runtime.open(bytes, { threads: 1, name: 'step' }));
      expect(error.code).toBe('POLYTASK_MODEL_REFUSED');
      expect(error.message).toMatch(/^ONNX Runtime refuses the compiled program `step`: /);
      expect(error.message).toMatch(reason);
    }
  });

  test('is disposed of once, and not run afterwards', async () => {
    const session = await runtime.open(sums, { threads: 1 });
    await session.dispose();
    await session.dispose();
    const error = await failure(session.run({ x: floats(1, 2) }, { y: null }));
    expect(error).toMatchObject({
      code: 'POLYTASK_RELEASED',
      message: 'Running the compiled program needs it alive, but it was disposed of.',
    });
  });
});

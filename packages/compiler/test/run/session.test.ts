import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type DeviceTensor,
  type HostTensor,
  type ParameterLayout,
  type Program,
  type TableInput,
  tableDataset,
} from '@polytask/core';
import { type ExecutorSession, tableRows } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CompiledOptions, compiled } from '../../src/index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const nothing: ParameterLayout = {
  tasks: [],
  segments: [],
  stateSegments: [],
  size: 0,
  stateSize: 0,
  sharedSize: 0,
  ranges: [],
};
const floats = (...data: number[]): HostTensor => ({ data: Float32Array.from(data), shape: [data.length] });
const ints = (...data: number[]): HostTensor => ({ data: Int32Array.from(data), shape: [data.length] });

async function open(options: CompiledOptions = {}): Promise<ExecutorSession> {
  return compiled({ threads: 1, ...options }).open(nothing);
}

async function numbersOf(session: ExecutorSession, tensor: DeviceTensor): Promise<number[]> {
  return Array.from((await session.download(tensor)).data);
}

describe.each(['node', 'web'] as const)('a compiled session on %s', (runtime) => {
  test('reads, holds, overwrites', async () => {
    const session = await open({ runtime });
    const program: Program = {
      name: 'moves',
      run: ({ x, y }) => ({ sum: tf.add(x as tf.Tensor, y as tf.Tensor), same: x as tf.Tensor, ones: tf.ones([2]) }),
    };
    const x = session.upload(floats(1, 2));
    for (let i = 0; i < 3; i++) {
      const outputs = { sum: x, same: 'read', ones: 'hold' } as const;
      const { host, device } = await session.run(program, { feeds: { x, y: floats(10, 20) }, outputs });
      expect(Array.from(host.same?.data ?? [])).toEqual([1 + 10 * i, 2 + 20 * i]);
      expect(await numbersOf(session, device.ones as DeviceTensor)).toEqual([1, 1]);
    }
    expect(await numbersOf(session, x)).toEqual([31, 62]);
    session.dispose();
  });
});

describe('rows of a table', () => {
  type Numbers = Float32Array | Int32Array | Uint8Array;
  /** Rows [4, 5] of a table, not copied yet. */
  function rowsOf(table: Numbers, indices: number[], scale = 1): HostTensor {
    const count = table.length / 20;
    const x = { data: table, shape: [count, 4, 5], scale } as TableInput;
    const dataset = tableDataset({ inputs: { x }, columns: { y: new Float32Array(count) } });
    return dataset.gather(indices, { whenRead: true }).inputs.x as HostTensor;
  }
  const table = Float32Array.from({ length: 60 }, (_, i) => i - 20);
  const numbersOfRows = (from: Numbers, indices: number[]) =>
    indices.flatMap((row) => Array.from(from.subarray(20 * row, 20 * row + 20)));
  let traced = 0;
  const double: Program = {
    name: 'double',
    run({ x }) {
      traced++;
      return { twice: tf.mul(x as tf.Tensor, 2), same: x as tf.Tensor };
    },
  };
  const outputs = { twice: 'read', same: 'read' } as const;

  /** What the program makes of rows: of their numbers, and of twice their numbers. */
  async function run(session: ExecutorSession, x: HostTensor): Promise<number[]> {
    const { host } = await session.run(double, { feeds: { x }, outputs });
    const same = Array.from(host.same?.data ?? []);
    expect(host.same?.shape).toEqual(x.shape);
    expect(Array.from(host.twice?.data ?? [])).toEqual(same.map((one) => 2 * one));
    return same;
  }

  test.each([true, false])('are taken from it by the program (direct: %s)', async (direct) => {
    const session = await open({ direct });
    for (const from of [table, Int32Array.from(table)]) {
      for (const indices of [
        [2, 0],
        [1, 1],
        [0, 2, 1],
        [1, 0],
      ]) {
        const x = rowsOf(from, indices);
        expect(await run(session, x)).toEqual(numbersOfRows(from, indices));
        expect(tableRows(x)?.wasRead).toBe(false);
      }
    }
    session.dispose();
  });

  test.each([
    ['a runtime that copies what it is fed', { runtime: 'web' }],
    ['a program that is verified', { verify: true }],
  ] as const)('are read for %s', async (_, options) => {
    const session = await open(options);
    const x = rowsOf(table, [2, 1]);
    expect(await run(session, x)).toEqual(numbersOfRows(table, [2, 1]));
    expect(tableRows(x)?.wasRead).toBe(true);
    session.dispose();
  });

  test.each([true, false])(
    'are what they were changed to, where somebody changed them (direct: %s)',
    async (direct) => {
      const session = await open({ direct });
      const unchanged = await run(session, rowsOf(table, [2, 1]));
      const inPlace = rowsOf(table, [2, 1]);
      inPlace.data[0] = 7;
      expect(await run(session, inPlace)).toEqual([7, ...unchanged.slice(1)]);
      const read = rowsOf(table, [2, 1]);
      expect(await run(session, read)).toEqual(unchanged);
      read.data[1] = 8;
      expect(await run(session, read)).toEqual([unchanged[0], 8, ...unchanged.slice(2)]);
      const data = Float32Array.from(unchanged, (one) => -one);
      expect(await run(session, { ...rowsOf(table, [2, 1]), data })).toEqual(Array.from(data));
      expect(await run(session, structuredClone(rowsOf(table, [2, 1])))).toEqual(unchanged);
      session.dispose();
    },
  );

  test.each([true, false])('of bytes are divided (direct: %s)', async (direct) => {
    const session = await open({ direct });
    const bytes = Uint8Array.from({ length: 520 }, (_, i) => i);
    for (const divisor of [1, 255, 127]) {
      const indices = Array.from({ length: 26 }, (_, i) => 25 - i);
      const expected = numbersOfRows(bytes, indices).map((one) => Math.fround(one / divisor));
      expect(await run(session, rowsOf(bytes, indices, 1 / divisor))).toEqual(expected);
    }
    session.dispose();
  });

  test('of tables of any length share a program; rows that lie elsewhere have another', async () => {
    const session = await open();
    traced = 0;
    for (const count of [3, 5, 4, 5]) {
      const from = Float32Array.from({ length: 20 * count }, (_, i) => count * i);
      expect(await run(session, rowsOf(from, [count - 1]))).toEqual(numbersOfRows(from, [count - 1]));
    }
    expect(traced).toBe(1);
    const plain = { data: Float32Array.from({ length: 20 }, (_, i) => -i), shape: [1, 4, 5] };
    expect(await run(session, plain)).toEqual(Array.from(plain.data));
    expect(await run(session, rowsOf(table, [1]))).toEqual(numbersOfRows(table, [1]));
    expect(traced).toBe(2);
    session.dispose();
  });

  test.each([true, false])('may lie in memory that threads share (direct: %s)', async (direct) => {
    const session = await open({ direct });
    const shared = new Float32Array(new SharedArrayBuffer(4 * table.length));
    shared.set(table);
    expect(await run(session, rowsOf(shared, [2, 0]))).toEqual(numbersOfRows(table, [2, 0]));
    session.dispose();
  });

  test('a session does not keep a table from being collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const session = await open();
    const tables: WeakRef<Float32Array>[] = [];
    const useTable = async (i: number) => {
      const large = new Float32Array(20 * 1000).fill(i);
      tables.push(new WeakRef(large));
      await run(session, rowsOf(large, [1, 2]));
    };
    for (let i = 0; i < 6; i++) await useTable(i);
    const alive = () => tables.filter((one) => one.deref() !== undefined).length;
    for (let i = 0; i < 20 && alive() > 0; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    expect(alive()).toBe(0);
    // And goes on with others.
    expect(await run(session, rowsOf(table, [1]))).toEqual(numbersOfRows(table, [1]));
    session.dispose();
  });
});

describe('a compiled session', () => {
  test('outputs that overwrite each other’s inputs', async () => {
    const session = await open();
    const [x, y] = [session.upload(floats(1, 2, 3)), session.upload(floats(10, 20, 30))];
    const cross: Program = {
      name: 'cross',
      run: (feeds) => {
        const [a, b] = [feeds.x as tf.Tensor1D, feeds.y as tf.Tensor1D];
        return { x: tf.add(b, tf.reverse(a)), y: tf.mul(a, 2), total: tf.sum(tf.mul(a, b)) };
      },
    };
    const totals: number[] = [];
    let [a, b] = [
      [1, 2, 3],
      [10, 20, 30],
    ] as [number[], number[]];
    for (let i = 0; i < 4; i++) {
      const { host } = await session.run(cross, { feeds: { x, y }, outputs: { x, y, total: 'read' } });
      totals.push(host.total?.data[0] as number);
      expect(totals.at(-1)).toBe(a.reduce((sum, one, k) => sum + one * (b[k] as number), 0));
      [a, b] = [b.map((one, k) => one + (a[2 - k] as number)), a.map((one) => 2 * one)];
      expect([await numbersOf(session, x), await numbersOf(session, y)]).toEqual([a, b]);
    }
    const swap: Program = { name: 'swap', run: (feeds) => ({ x: feeds.y as tf.Tensor, y: feeds.x as tf.Tensor }) };
    await session.run(swap, { feeds: { x, y }, outputs: { x, y } });
    expect([await numbersOf(session, x), await numbersOf(session, y)]).toEqual([b, a]);
    session.dispose();
  });

  test('memory that a reshape shows is not written over', async () => {
    const session = await open();
    const x = session.upload(floats(1, 2, 3, 4));
    const program: Program = {
      name: 'reshaped',
      run: (feeds) => {
        const square = tf.reshape(feeds.x as tf.Tensor, [2, 2]);
        return { product: tf.matMul(square, square), x: tf.mul(feeds.x as tf.Tensor, 0) };
      },
    };
    const { host } = await session.run(program, { feeds: { x }, outputs: { product: 'read', x } });
    expect(Array.from(host.product?.data ?? [])).toEqual([7, 10, 15, 22]);
    session.dispose();
  });

  test('constants that are held keep their shapes apart', async () => {
    const session = await open();
    const program: Program = {
      name: 'zeros',
      run: () => ({ two: tf.zeros([2]), none: tf.zeros([1, 0]), three: tf.zeros([3]) }),
    };
    const { device } = await session.run(program, { feeds: {}, outputs: { two: 'hold', none: 'hold', three: 'hold' } });
    for (const [name, numbers] of Object.entries({ two: [0, 0], none: [], three: [0, 0, 0] })) {
      expect(await numbersOf(session, device[name] as DeviceTensor)).toEqual(numbers);
    }
    session.dispose();
  });

  test('a program with an unknown kernel runs eagerly, and says so once', async () => {
    const warnings: unknown[] = [];
    const session = await open({ onFallback: (message, fallback) => warnings.push(message, fallback) });
    const before = tf.memory().numTensors;
    const program: Program = { name: 'distinct', run: ({ x }) => ({ distinct: tf.unique(x as tf.Tensor1D).values }) };
    const kept = session.upload(floats(0));
    for (const data of [
      [5, 5, 5],
      [7, 7, 7],
      [1, 1, 1, 1],
    ]) {
      await session.run(program, { feeds: { x: floats(...data) }, outputs: { distinct: kept } });
      expect(await numbersOf(session, kept)).toEqual([data[0]]);
    }
    expect(warnings).toEqual([
      expect.stringMatching(/`distinct`.*`Unique`/),
      { program: 'distinct', kernel: 'Unique' },
    ]);
    expect(tf.memory().numTensors).toBe(before);
    session.dispose();
  });

  test('random numbers come from the call', async () => {
    const session = await open();
    const program: Program = {
      name: 'noise',
      run: (_, { uniform }) => ({ both: tf.stack([uniform('a', [2]), uniform('a', [2])]) }),
    };
    const uniform = (path: string, occurrence: number, length: number) =>
      new Float32Array(length).fill(path.length + 10 * occurrence);
    const { host } = await session.run(program, { feeds: {}, outputs: { both: 'read' }, uniform });
    expect(Array.from(host.both?.data ?? [])).toEqual([1, 1, 11, 11]);
    await expect(session.run(program, { feeds: {}, outputs: { both: 'read' } })).rejects.toMatchObject({
      code: 'POLYTASK_NO_RANDOMNESS',
    });
    session.dispose();
  });

  test('errors', async () => {
    const session = await open();
    const look: Program = {
      name: 'look',
      run: ({ i }) => ({ y: tf.gather(tf.tensor1d([1, 2, 3]), i as tf.Tensor1D) }),
    };
    const refused = (run: Promise<unknown>, code: string) => expect(run).rejects.toMatchObject({ code });
    await refused(
      session.run(look, { feeds: { i: ints(0, 3) }, outputs: { y: 'read' } }),
      'POLYTASK_INDEX_OUT_OF_RANGE',
    );
    await refused(
      session.run(look, { feeds: { i: ints(0, -1) }, outputs: { y: 'read' } }),
      'POLYTASK_INDEX_OUT_OF_RANGE',
    );
    await refused(session.run(look, { feeds: { i: ints(0) }, outputs: { z: 'read' } }), 'POLYTASK_NO_OUTPUT');
    const target = session.upload(floats(1));
    await refused(session.run(look, { feeds: { i: ints(0, 1) }, outputs: { y: target } }), 'POLYTASK_SHAPE_MISMATCH');
    session.release(target);
    await refused(session.download(target), 'POLYTASK_RELEASED');
    const outside = tf.variable(tf.scalar(1));
    const captures: Program = { name: 'captures', run: ({ x }) => ({ y: tf.mul(x as tf.Tensor, outside) }) };
    await refused(
      session.run(captures, { feeds: { x: floats(1) }, outputs: { y: 'read' } }),
      'POLYTASK_TRACE_CAPTURES',
    );
    const makes: Program = { name: 'makes', run: ({ x }) => ({ y: tf.variable(x as tf.Tensor) }) };
    await refused(session.run(makes, { feeds: { x: floats(1) }, outputs: { y: 'read' } }), 'POLYTASK_TRACE_CAPTURES');
    outside.dispose();
    session.dispose();
    await refused(session.run(look, { feeds: { i: ints(0) }, outputs: { y: 'read' } }), 'POLYTASK_RELEASED');
  });

  test('a verified program is compared with eager execution', async () => {
    const session = await open({ verify: true });
    let runs = 0;
    // A program that is not the same every time is caught.
    const program: Program = { name: 'counts', run: ({ x }) => ({ y: tf.add(x as tf.Tensor, runs++) }) };
    await expect(session.run(program, { feeds: { x: floats(1) }, outputs: { y: 'read' } })).rejects.toMatchObject({
      code: 'POLYTASK_VERIFY_FAILED',
    });
    session.dispose();
  });
});

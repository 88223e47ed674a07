import type { DeviceTensor, HostTensor, ParameterLayout, Program } from '@polytask/core';
import type { ExecutorSession } from '@polytask/core/executors';
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

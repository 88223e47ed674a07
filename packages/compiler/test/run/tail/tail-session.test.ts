import { type DeviceTensor, eager, type HostTensor, type ParameterLayout, type Program } from '@polytask/core';
import type { ExecutorSession } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled } from '../../../src/index.js';
import { numbers } from '../training.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const size = 5003;
const layout: ParameterLayout = {
  tasks: [],
  segments: [],
  stateSegments: [],
  size,
  stateSize: 0,
  sharedSize: 0,
  ranges: [],
};
const vector = (seed: number): HostTensor => ({ data: numbers(size, seed).map((x) => x - 0.5), shape: [size] });
const scalar = (value: number): HostTensor => ({ data: Float32Array.of(value), shape: [] });

/** Adam on a vector whose gradient comes in two parts, one of them computed. */
const step: Program = {
  name: 'step',
  run(feeds) {
    const { p, m, v, a, b, rate } = feeds as Record<string, tf.Tensor1D>;
    const g = tf.concat([tf.sin(a as tf.Tensor), tf.reshape(tf.matMul(b as never, b as never), [-1])]) as tf.Tensor1D;
    const moment = tf.add(tf.mul(m as tf.Tensor, 0.9), tf.mul(g, 0.1));
    const second = tf.add(tf.mul(v as tf.Tensor, 0.99), tf.mul(tf.square(g), 0.01));
    const next = tf.sub(p as tf.Tensor, tf.mul(rate as tf.Tensor, tf.div(moment, tf.add(tf.sqrt(second), 1e-3))));
    return { p: next, m: moment, v: second, norm: tf.max(tf.abs(g)) };
  },
};
const parts = {
  a: { data: numbers(size - 25, 4), shape: [size - 25] },
  b: { data: numbers(25, 5), shape: [5, 5] },
};

async function train(session: ExecutorSession): Promise<number[][]> {
  const [p, m] = [session.upload(vector(1)), session.upload(vector(2))];
  const v = session.upload({ data: numbers(size, 3), shape: [size] });
  const norms: number[] = [];
  for (let i = 1; i <= 3; i++) {
    const feeds = { p, m, v, ...parts, rate: scalar(0.1 / i) };
    const { host } = await session.run(step, { feeds, outputs: { p, m, v, norm: 'read' } });
    norms.push(host.norm?.data[0] as number);
  }
  const found = await Promise.all([p, m, v].map(async (one) => Array.from((await session.download(one)).data)));
  session.dispose();
  return [...found, norms];
}

function expectClose(found: readonly number[][], expected: readonly number[][]): void {
  expected.forEach((values, k) => {
    const largest = Math.max(...values.map(Math.abs));
    values.forEach((value, i) => {
      expect(Math.abs((found[k]?.[i] as number) - value)).toBeLessThanOrEqual(1e-6 * largest);
    });
  });
}

describe.each([
  ['called directly', { runtime: 'node' }],
  ['by its binding', { runtime: 'node', direct: false }],
  ['in WebAssembly', { runtime: 'web' }],
  ['verified', { verify: true }],
] as const)('a program with a tail, on a runtime %s', (_, options) => {
  const open = () => compiled({ threads: 1, ...options }).open(layout);

  test('updates vectors in place as eager execution does', async () => {
    expectClose(await train(await open()), await train(await eager().open(layout)));
  });

  test('takes vectors from the host, and gives them', async () => {
    const outputs = { p: 'read', m: 'read', v: 'read' } as const;
    const feeds = {
      p: vector(1),
      m: vector(2),
      v: { data: numbers(size, 3), shape: [size] },
      ...parts,
      rate: scalar(0.1),
    };
    const results = await Promise.all(
      [await open(), await eager().open(layout)].map(async (session) => {
        const { host } = await session.run(step, { feeds, outputs });
        session.dispose();
        return Object.keys(outputs).map((name) => Array.from((host[name] as HostTensor).data));
      }),
    );
    expectClose(results[0] as number[][], results[1] as number[][]);
  });

  test('may consist of a tail alone', async () => {
    const session = await open();
    const program: Program = {
      name: 'alone',
      run: ({ x, y }) => ({ x: tf.sub(tf.mul(x as tf.Tensor, 3), tf.div(y as tf.Tensor, tf.add(y as tf.Tensor, 2))) }),
    };
    const [x, y] = [session.upload(vector(6)), session.upload(vector(7))];
    await session.run(program, { feeds: { x, y }, outputs: { x } });
    const [before, other] = [vector(6).data, vector(7).data];
    const expected = Array.from(before, (one, i) => 3 * one - (other[i] as number) / ((other[i] as number) + 2));
    expectClose([Array.from((await session.download(x)).data)], [expected]);
    session.dispose();
  });

  test('writes over vectors that were held as zeros, another one in every call', async () => {
    const session = await open();
    const begin: Program = { name: 'begin', run: ({ x }) => ({ zeros: tf.zerosLike(x as tf.Tensor) }) };
    const move: Program = {
      name: 'move',
      run({ x, own }) {
        const moved = tf.add(own as tf.Tensor, tf.mul(tf.sub(x as tf.Tensor, own as tf.Tensor), 0.5));
        return { moved, square: tf.sum(tf.square(x as tf.Tensor)) };
      },
    };
    const x = vector(8);
    const means: DeviceTensor[] = [];
    for (let k = 0; k < 3; k++) {
      const { device } = await session.run(begin, { feeds: { x }, outputs: { zeros: 'hold' } });
      means.push(device.zeros as DeviceTensor);
    }
    for (const k of [0, 1, 0, 2, 0]) {
      const own = means[k] as DeviceTensor;
      const { host } = await session.run(move, { feeds: { x, own }, outputs: { moved: own, square: 'read' } });
      const square = Array.from(x.data).reduce((sum, one) => sum + one * one, 0);
      expect(Math.abs((host.square?.data[0] as number) - square)).toBeLessThan(1e-5 * square);
    }
    const found = await Promise.all(means.map(async (one) => Array.from((await session.download(one)).data)));
    const expected = [0.875, 0.5, 0.5].map((share) => Array.from(x.data, (one) => share * one));
    expectClose(found, expected);
    session.dispose();
  });

  test('gives the right numbers when more vectors are alive than its memory has room for', async () => {
    const session = await open();
    const program: Program = {
      name: 'many',
      run: ({ x }) => ({ y: tf.add(tf.mul(tf.neg(x as tf.Tensor), 2), 1) }),
    };
    const made: DeviceTensor[] = [session.upload(vector(8))];
    for (let i = 0; i < 40; i++) {
      const { device } = await session.run(program, { feeds: { x: made[i] as DeviceTensor }, outputs: { y: 'hold' } });
      made.push(device.y as DeviceTensor);
    }
    for (let i = 1; i <= 40; i++) {
      const [before, after] = [
        await session.download(made[i - 1] as DeviceTensor),
        await session.download(made[i] as DeviceTensor),
      ];
      expect(Array.from(after.data)).toEqual(Array.from(before.data, (one) => Math.fround(Math.fround(-one * 2) + 1)));
    }
    for (const one of made) session.release(one);
    session.dispose();
  });

  test('reads numbers that the rest of the program overwrites', async () => {
    const program: Program = {
      name: 'counts',
      run: ({ x, t }) => ({
        x: tf.sub(tf.mul(tf.neg(x as tf.Tensor), t as tf.Tensor), tf.abs(x as tf.Tensor)),
        t: tf.add(t as tf.Tensor, 1),
      }),
    };
    const found: number[][] = [];
    for (const session of [await open(), await eager().open(layout)]) {
      const [x, t] = [session.upload(vector(3)), session.upload(scalar(1))];
      for (let i = 0; i < 3; i++) await session.run(program, { feeds: { x, t }, outputs: { x, t } });
      found.push([...(await session.download(x)).data, ...(await session.download(t)).data]);
      session.dispose();
    }
    expectClose([found[0] as number[]], [found[1] as number[]]);
  });

  test('loses no memory to runs that fail, and to outputs that are inputs', async () => {
    const session = await open();
    const program: Program = {
      name: 'passes',
      run: ({ x }) => ({ same: x as tf.Tensor, y: tf.add(tf.mul(tf.neg(x as tf.Tensor), 2), 1), z: tf.ones([3]) }),
    };
    const [x, target, wrong] = [session.upload(vector(8)), session.upload(vector(9)), session.upload(scalar(1))];
    for (let i = 0; i < 30; i++) {
      const failing = session.run(program, { feeds: { x }, outputs: { y: 'hold', z: wrong } });
      await expect(failing).rejects.toMatchObject({ code: 'POLYTASK_SHAPE_MISMATCH' });
      const { device } = await session.run(program, { feeds: { x }, outputs: { same: target, y: 'hold' } });
      session.release(device.y as DeviceTensor);
    }
    expect(Array.from((await session.download(target)).data)).toEqual(Array.from(vector(8).data));
    // Arrays that lie in a session's memory are parts of a larger buffer.
    const last = session.upload(vector(7)) as unknown as { data: Float32Array };
    expect(last.data.buffer.byteLength).toBeGreaterThan(4 * size);
    session.dispose();
  });

  test('gives the caller arrays of its own', async () => {
    const session = await open();
    const program: Program = {
      name: 'given back',
      run: ({ x }) => ({ same: x as tf.Tensor, other: tf.add(tf.mul(tf.neg(x as tf.Tensor), 2), 1) }),
    };
    const x = session.upload(vector(8));
    const { host } = await session.run(program, { feeds: { x }, outputs: { same: 'read', other: 'read' } });
    const { data } = await session.download(x);
    for (const array of [host.same?.data, host.other?.data, data]) expect(array?.buffer.byteLength).toBe(4 * size);
    expect(Array.from(host.same?.data ?? [])).toEqual(Array.from(data));
    session.dispose();
  });

  test('runs that are started together do not disturb each other', async () => {
    const session = await open();
    const program = (factor: number): Program => ({
      name: `times ${factor}`,
      run: ({ x }) => ({ y: tf.add(tf.mul(tf.neg(tf.sin(x as tf.Tensor)), factor), factor) }),
    });
    const programs = [1, 2, 3].map(program);
    const x = vector(9);
    const found = await Promise.all(programs.map((one) => session.run(one, { feeds: { x }, outputs: { y: 'read' } })));
    found.forEach(({ host }, k) => {
      const expected = Array.from(x.data, (one) => (k + 1) * (1 - Math.sin(one)));
      expectClose([Array.from((host.y as HostTensor).data)], [expected]);
    });
    session.dispose();
  });
});

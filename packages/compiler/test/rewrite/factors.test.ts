import { type DeviceTensor, eager, type HostTensor, type ParameterLayout, type Program } from '@polytask/core';
import type { ExecutorSession } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled } from '../../src/index.js';
import { concat } from '../../src/ir/concat.js';
import { createGraph } from '../../src/ir/create-graph.js';
import { reachable } from '../../src/ir/graph.js';
import { product } from '../../src/ir/product.js';
import type { Value } from '../../src/ir/value.js';
import { piecesOf, runsOf, withFactors } from '../../src/rewrite/factors.js';
import { heldForm } from '../../src/rewrite/held-form.js';
import { numbers } from '../run/training.js';

const nothing: ParameterLayout = {
  tasks: [],
  segments: [],
  stateSegments: [],
  size: 0,
  stateSize: 0,
  sharedSize: 0,
  ranges: [],
};
const [batch, inputs, width, tasks] = [5, 40, 6, 3];
const host = (shape: number[], seed: number): HostTensor => ({
  data: numbers(
    shape.reduce((a, b) => a * b, 1),
    seed,
  ).map((x) => x - 0.5),
  shape,
});
const feeds = {
  x: host([batch, inputs], 1),
  w: host([inputs, width], 2),
  b: host([width], 3),
  heads: host([tasks, width], 4),
};

/** Gradients of three tasks by a layer's weights and bias, one below the other; the last task does not use the bias. */
const jacobian: Program = {
  name: 'jacobian',
  run(given) {
    const [x, w, b, heads] = [given.x, given.w, given.b, given.heads] as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor1D,
      tf.Tensor2D,
    ];
    const rows = Array.from({ length: tasks }, (_, k) => {
      const head = tf.slice(heads, [k, 0], [1, -1]);
      const loss = (kernel: tf.Tensor, bias: tf.Tensor) =>
        tf.mean(tf.mul(tf.tanh(tf.add(tf.matMul(x, kernel as tf.Tensor2D), bias)), head));
      const [dw, db] = tf.grads(loss as never)([w, b]) as [tf.Tensor, tf.Tensor];
      return tf.concat([tf.reshape(dw, [-1]), k === tasks - 1 ? tf.zeros([width]) : db]);
    });
    const j = tf.stack(rows) as tf.Tensor2D;
    return { j, gramian: tf.matMul(j, j, false, true), zeros: tf.zeros([7]) };
  },
};

const columns = inputs * width + width;
const combine: Program = {
  name: 'combine',
  run: ({ j, weights, zeros }) => ({
    all: tf.matMul(weights as tf.Tensor2D, j as tf.Tensor2D),
    kernel: tf.matMul(weights as tf.Tensor2D, tf.slice(j as tf.Tensor2D, [0, 0], [-1, inputs * width]) as tf.Tensor2D),
    cut: tf.matMul(weights as tf.Tensor2D, tf.slice(j as tf.Tensor2D, [0, 1], [-1, columns - 3]) as tf.Tensor2D),
    norms: tf.sum(tf.square(j as tf.Tensor2D), 1),
    zeros: tf.add(zeros as tf.Tensor, 1),
  }),
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** What both programs give, and the held matrix itself. */
async function run(session: ExecutorSession): Promise<Record<string, number[]>> {
  const first = await session.run(jacobian, { feeds, outputs: { j: 'hold', gramian: 'read', zeros: 'hold' } });
  const { j, zeros } = first.device as { j: DeviceTensor; zeros: DeviceTensor };
  expect(j.shape).toEqual([tasks, columns]);
  const weights = host([1, tasks], 5);
  const second = await session.run(combine, {
    feeds: { j, zeros, weights },
    outputs: { all: 'read', kernel: 'read', cut: 'read', norms: 'read', zeros: 'read' },
  });
  const found = { ...first.host, ...second.host, j: await session.download(j), held: await session.download(zeros) };
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...data]]));
}

describe('gradients of several tasks, one below the other', () => {
  test('what is made of them, with factors and without', async () => {
    const expected = await run(await eager().open(nothing));
    for (const options of [{}, { direct: false }, { verify: true }, { runtime: 'web' }] as const) {
      const session = await compiled({ threads: 1, ...options }).open(nothing);
      const found = await run(session);
      for (const [name, values] of Object.entries(expected)) {
        const largest = Math.max(...values.map(Math.abs));
        found[name]?.forEach((one, i) => {
          expect(Math.abs(one - (values[i] as number)), `${name} ${i}`).toBeLessThanOrEqual(2e-6 * largest);
        });
        expect(found[name]?.length).toBe(values.length);
      }
      session.dispose();
    }
  });

  test('products of two, of batches of different sizes, and of one with a matrix that has no factors', async () => {
    const cross: Program = {
      name: 'cross',
      run(given) {
        const [a, b, plain] = [given.a, given.b, given.plain] as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        const kernel = (j: tf.Tensor2D) => tf.slice(j, [0, 0], [-1, inputs * width]);
        return {
          products: tf.matMul(a, b, false, true),
          back: tf.matMul(b, a, false, true),
          kernels: tf.matMul(kernel(a), kernel(b), false, true),
          mixed: tf.matMul(a, plain, false, true),
        };
      },
    };
    const found = async (session: ExecutorSession) => {
      const held = async (rows: number, seed: number) => {
        const given = { ...feeds, x: host([rows, inputs], seed) };
        const { device } = await session.run(jacobian, { feeds: given, outputs: { j: 'hold' } });
        return device.j as DeviceTensor;
      };
      const { host: read } = await session.run(cross, {
        feeds: { a: await held(batch, 6), b: await held(batch - 2, 7), plain: host([tasks + 1, columns], 8) },
        outputs: { products: 'read', back: 'read', kernels: 'read', mixed: 'read' },
      });
      session.dispose();
      return Object.entries(read).map(([name, { data, shape }]) => ({ name, shape, data: [...data] }));
    };
    const expected = await found(await eager().open(nothing));
    expect(expected.map(({ shape }) => shape.join())).toEqual(['3,3', '3,3', '3,3', '3,4']);
    for (const { name, shape, data } of await found(await compiled({ threads: 1 }).open(nothing))) {
      const other = expected.find((one) => one.name === name);
      expect(shape).toEqual(other?.shape);
      const largest = Math.max(...data.map(Math.abs));
      data.forEach((one, i) => {
        const apart = Math.abs(one - (other?.data[i] as number));
        expect(apart, `${name} ${i}`).toBeLessThanOrEqual(2e-6 * largest);
      });
    }
  });

  test('a tensor that is held by factors is written over, fed to an eager program, released', async () => {
    const warnings: string[] = [];
    const session = await compiled({ threads: 1, onFallback: (message) => warnings.push(message) }).open(nothing);
    const { device } = await session.run(jacobian, { feeds, outputs: { j: 'hold', zeros: 'hold' } });
    const { j, zeros } = device as { j: DeviceTensor; zeros: DeviceTensor };
    const double: Program = { name: 'double', run: ({ x }) => ({ x: tf.mul(x as tf.Tensor, 2) }) };
    const before = await session.download(j);
    await session.run(double, { feeds: { x: j }, outputs: { x: j } });
    expect([...(await session.download(j)).data]).toEqual([...before.data.map((one) => 2 * one)]);
    const largest: Program = {
      name: 'largest',
      run: ({ x }) => ({ top: tf.complex(x as tf.Tensor, x as tf.Tensor) && tf.max(x as tf.Tensor) }),
    };
    const { host: read } = await session.run(largest, { feeds: { x: zeros }, outputs: { top: 'read' } });
    expect([...(read.top as HostTensor).data]).toEqual([0]);
    session.write(zeros, { data: new Float32Array(7).fill(3), shape: [7] });
    expect([...(await session.download(zeros)).data]).toEqual(new Array(7).fill(3));
    session.release(j);
    await expect(session.download(j)).rejects.toMatchObject({ code: 'POLYTASK_RELEASED' });
    session.dispose();
  });

  test('neighbours without factors are done together', () => {
    const graph = createGraph();
    const dtype = 'float32' as const;
    const x = graph.input('x', { shape: [batch, inputs], dtype });
    const sizes = [3, 4, 2];
    const rows = [0, 1].map((k) => {
      const [first, second, last] = sizes.map((size, i) => graph.input(`p${k}/${i}`, { shape: [size], dtype }));
      const back = graph.input(`d${k}`, { shape: [batch, width], dtype });
      const kernel = graph.reshape(product(graph, x, back, true, false), [-1]);
      const parts = [first, second, kernel, last] as Value[];
      return graph.reshape(concat(graph, parts, 0), [1, 9 + inputs * width]);
    });
    const j = concat(graph, rows, 0);
    const pieces = piecesOf(graph, j) ?? [];
    expect(pieces.map(({ size }) => size)).toEqual([3, 4, inputs * width, 2]);
    expect(runsOf(graph, pieces).map(({ size, sizes: of }) => [size, of])).toEqual([
      [7, [3, 4]],
      [inputs * width, [inputs * width]],
      [2, [2]],
    ]);
    // What is held of J: its short columns in two pieces, what came back to the kernel's outputs, and its inputs.
    const held = heldForm(graph, j);
    expect(held?.leaves.map(({ shape }) => shape)).toEqual([
      [2, 7],
      [2, batch * width],
      [batch, inputs],
      [2, 2],
    ]);
    // A program made of what is held uses its pieces as they are.
    const target = createGraph();
    const leaves = held?.form.leaves.map((leaf, i) => target.input(`leaf/${i}`, leaf)) as Value[];
    const weights = target.input('weights', { shape: [1, 2], dtype });
    const mixed = product(target, weights, held?.form.build(target, leaves) as Value, false, false);
    const nodes = reachable([...withFactors(target, new Map([['mixed', mixed]])).values()]).filter(
      ({ kind }) => kind === 'node',
    );
    expect(nodes.filter((node) => node.kind === 'node' && node.op === 'BatchMatMul')).toHaveLength(4);
    expect(nodes.some((node) => node.kind === 'node' && node.op === 'Slice')).toBe(false);
  });

  test('are not put together where factors do', () => {
    const graph = createGraph();
    const dtype = 'float32' as const;
    const x = graph.input('x', { shape: [batch, inputs], dtype });
    const rows = [0, 1].map((k) => {
      const back = graph.input(`d${k}`, { shape: [batch, width], dtype });
      return graph.reshape(product(graph, x, back, true, false), [1, inputs * width]);
    });
    const j = concat(graph, rows, 0);
    expect(
      piecesOf(
        graph,
        concat(graph, [graph.reshape(rows[0] as never, [-1]), graph.input('v', { shape: [3], dtype })], 0),
      ),
    ).toBe(undefined);
    expect(piecesOf(graph, j)?.map(({ size, factors }) => [size, factors?.common])).toEqual([[inputs * width, x]]);
    const gramian = withFactors(graph, new Map([['gramian', product(graph, j, j, false, true)]])).get('gramian');
    expect(gramian).toMatchObject({ op: 'BatchMatMul', shape: [2, 2], inputs: [{ shape: [2, batch * width] }, {}] });
  });

  test('are not put together for products of two, unless these are laid out differently', () => {
    const dtype = 'float32' as const;
    const graph = createGraph();
    const stackOf = (name: string, rows: number, [m, n]: readonly [number, number]) => {
      const x = graph.input(`x${name}`, { shape: [rows, m], dtype });
      const parts = [0, 1].map((k) => {
        const back = graph.input(`d${name}${k}`, { shape: [rows, n], dtype });
        return graph.reshape(product(graph, x, back, true, false), [1, m * n]);
      });
      return concat(graph, parts, 0);
    };
    const size = inputs * width;
    const largest = (left: Value, right: Value) => {
      const found = withFactors(graph, new Map([['products', product(graph, left, right, false, true)]]));
      const nodes = reachable([...found.values()]).filter(({ kind }) => kind === 'node');
      return Math.max(...nodes.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
    };
    const j = stackOf('a', batch, [inputs, width]);
    // Nothing is as large as one row of either.
    expect(largest(j, stackOf('b', batch - 2, [inputs, width]))).toBeLessThan(size);
    // The same columns, but of a matrix turned round.
    expect(largest(j, stackOf('c', batch, [width, inputs]))).toBeGreaterThanOrEqual(2 * size);
    expect(largest(j, graph.input('plain', { shape: [2, size], dtype }))).toBeGreaterThanOrEqual(2 * size);
  });
});

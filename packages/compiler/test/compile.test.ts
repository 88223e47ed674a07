import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compile, float32 } from '../src/index.js';
import { numbers } from './run/training.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

const x = numbers(8 * 3, 2).map((v) => 2 * v - 1);
const y = numbers(8, 5);

/** Trains a small net for some steps, eagerly or compiled; gives losses and weights. */
async function train(makeOptimizer: () => tf.Optimizer, steps: number, compiled: boolean) {
  const w = tf.tidy(() => tf.variable(tf.tensor2d(Array.from(numbers(6, 3)), [3, 2])));
  const v = tf.tidy(() => tf.variable(tf.tensor2d(Array.from(numbers(2, 4)), [2, 1])));
  const optimizer = makeOptimizer();
  const fn = ({ x: input, y: target }: { [name: string]: tf.Tensor }) => ({
    loss: optimizer.minimize(
      () =>
        tf.losses.meanSquaredError(
          target as tf.Tensor,
          tf.reshape(tf.matMul(tf.tanh(tf.matMul(input as tf.Tensor2D, w)), v), [8]),
        ) as tf.Scalar,
      true,
      [w, v],
    ) as tf.Tensor,
  });
  const losses: number[] = [];
  if (compiled) {
    const step = await compile(fn, { x: float32(8, 3), y: float32(8) }, { threads: 1 });
    for (let i = 0; i < steps; i++) losses.push((await step.run({ x, y })).loss?.data[0] as number);
    step.sync();
    await step.dispose();
  } else {
    for (let i = 0; i < steps; i++) {
      losses.push(tf.tidy(() => fn({ x: tf.tensor2d(x, [8, 3]), y: tf.tensor1d(y) }).loss.dataSync()[0] as number));
    }
  }
  const weights = [...w.dataSync(), ...v.dataSync()];
  optimizer.dispose();
  w.dispose();
  v.dispose();
  return { losses, weights };
}

const optimizers: [string, () => tf.Optimizer][] = [
  ['sgd', () => tf.train.sgd(0.1)],
  ['momentum', () => tf.train.momentum(0.1, 0.9)],
  ['adam', () => tf.train.adam(0.01)],
  ['adamax', () => tf.train.adamax(0.01)],
  ['rmsprop', () => tf.train.rmsprop(0.01)],
  ['adagrad', () => tf.train.adagrad(0.1)],
  ['adadelta', () => tf.train.adadelta(0.1)],
];

describe('compile', () => {
  test.each(optimizers)('trains by tf.train.%s as tfjs does', async (_, make) => {
    const start = tf.memory().numTensors;
    const expected = await train(make, 6, false);
    const between = tf.memory().numTensors;
    const found = await train(make, 6, true);
    // tfjs' own momentum leaves a scalar behind.
    expect(tf.memory().numTensors - between).toBe(between - start);
    found.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(expected.losses[i] as number, 5);
    });
    found.weights.forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected.weights[i] as number, 5);
    });
  });

  test('a function without variables, of one result', async () => {
    const f = await compile(({ a }) => tf.square(a), { a: float32(3) });
    expect((await f.run({ a: Float32Array.of(1, 2, 3) })).result).toEqual({
      data: Float32Array.of(1, 4, 9),
      shape: [3],
    });
    expect([...f.operators]).toEqual([['Mul', 1]]);
    await f.dispose();
  });

  test('scalars as numbers, state carried along, loaded and synced', async () => {
    const v = tf.variable(tf.scalar(1));
    const f = await compile(
      ({ by }) => {
        v.assign(tf.mul(v, by));
        return { now: v };
      },
      { by: float32() },
      { verify: true },
    );
    await f.run({ by: 3 });
    expect((await f.run({ by: 3 })).now?.data[0]).toBe(9);
    expect(v.dataSync()[0]).not.toBe(9);
    f.sync();
    expect(v.dataSync()[0]).toBe(9);
    v.assign(tf.scalar(2));
    f.load();
    expect((await f.run({ by: 5 })).now?.data[0]).toBe(10);
    await f.dispose();
  });

  test('two variables that swap', async () => {
    const a = tf.variable(tf.tensor1d([1, 2]));
    const b = tf.variable(tf.tensor1d([3, 4]));
    const f = await compile(() => {
      const [p, q] = [tf.add(a, 10), tf.add(b, 20)];
      a.assign(q as tf.Tensor1D);
      b.assign(p as tf.Tensor1D);
      return {};
    }, {});
    await f.run({});
    await f.run({});
    f.sync();
    expect([...a.dataSync(), ...b.dataSync()]).toEqual([31, 32, 33, 34]);
    await f.dispose();
  });

  test('an unknown kernel runs eagerly, with one warning', async () => {
    const warnings: unknown[] = [];
    const f = await compile(
      ({ a }) => tf.unique(a).values,
      { a: float32(3) },
      { name: 'distinct', onFallback: (message, fallback) => warnings.push(message, fallback) },
    );
    expect((await f.run({ a: Float32Array.of(5, 1, 5) })).result?.data).toEqual(Float32Array.of(5, 1));
    await f.run({ a: Float32Array.of(1, 5, 3) });
    expect(warnings).toEqual([expect.stringContaining('`Unique`'), { program: 'distinct', kernel: 'Unique' }]);
    expect(f.operators.size).toBe(0);
  });

  test.each<[string, string, (a: tf.Tensor) => tf.Tensor]>([
    ['reads', 'POLYTASK_TRACE_READS', (a) => (a.dataSync()[0] === 0 ? a : tf.neg(a))],
    [
      'reads later',
      'POLYTASK_TRACE_READS',
      (a) => {
        void a.data();
        return tf.neg(a);
      },
    ],
    ['draws', 'POLYTASK_TRACE_RANDOM', (a) => tf.mul(a, Math.random())],
    ['draws by tfjs', 'POLYTASK_TRACE_RANDOM', (a) => tf.dropout(a, 0.5)],
    ['looks at the clock', 'POLYTASK_TRACE_CLOCK', (a) => tf.mul(a, Date.now())],
    [
      'uses what it disposed of',
      'POLYTASK_TRACE_DISPOSED',
      (a) => {
        const b = tf.exp(a);
        b.dispose();
        return tf.neg(b);
      },
    ],
  ])('a function that %s is refused, at its line', async (_, code, fn) => {
    const before = tf.memory().numTensors;
    const error = await compile(({ a }) => fn(a), { a: float32(3) }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(/compile\.test\.ts:\d+:\d+/) });
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.memory().numTensors).toBe(before);
  });
});

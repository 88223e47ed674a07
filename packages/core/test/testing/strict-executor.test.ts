import type { HostTensor, Program } from '@polytask/core';
import type { ExecutorSession } from '@polytask/core/executors';
import { type ProgramRun, strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLayout } from '../../src/model/parameter-layout.js';
import { newScope } from '../helpers/building.js';

const model = newScope();
const weight = model.scope.variable('weight', [2], () => Float32Array.of(1, 2));
const average = model.scope.variable('average', [2], () => Float32Array.of(0, 0), { trainable: false });
const layout = createLayout(['a'], model.registry);
const runs: ProgramRun[] = [];
let session: ExecutorSession;

beforeEach(async () => {
  await tf.setBackend('cpu');
  runs.length = 0;
  session = await strict({ onRun: (run) => runs.push(run) }).open(layout);
});
afterEach(() => session.dispose());

const host = (...numbers: number[]): HostTensor => ({ data: Float32Array.from(numbers), shape: [numbers.length] });
const parameters = () => ({ values: session.upload(host(1, 2)), state: session.upload(host(0, 0)) });
const program = (run: Program['run']): Program => ({ name: 'tried', run });

/** Runs a program on one feed, in a training step's surroundings. */
async function run(tried: Program, x: HostTensor = host(3, 4)) {
  const call = { parameters: parameters(), feeds: { x }, outputs: { y: 'read' as const } };
  const uniform = (path: string, occurrence: number, length: number) =>
    new Float32Array(length).fill(0.25 + occurrence + path.length);
  return (await session.run(tried, { ...call, uniform })).host.y?.data;
}

/** The code of the error, checked to name the program and to leave nothing behind. */
async function refusal(tried: Program): Promise<string> {
  await run(program(({ x }) => ({ y: tf.add(x as tf.Tensor, weight) }))); // warm: variables are filled
  const tensors = tf.memory().numTensors;
  const call = { feeds: { x: host(3, 4) }, outputs: { y: 'read' as const } };
  const error = (await session.run(tried, call).catch((caught: unknown) => caught)) as {
    code: string;
    message: string;
  };
  expect(error.message).toContain('`tried`');
  expect(tf.memory().numTensors).toBe(tensors);
  return error.code;
}

test('runs what a program may do: feeds, variables, constants, statistics, random numbers of the step, gradients', async () => {
  const allowed = program(({ x }, context) => {
    average.assign(tf.add(average, 1));
    const drawn = context.uniform('noise', [2]);
    const gradient = tf.grad((w) => tf.sum(tf.mul(w, tf.square(x as tf.Tensor))))(weight);
    return { y: tf.add(tf.add(gradient, drawn), tf.scalar(0.5)) };
  });
  expect(await run(allowed)).toEqual(Float32Array.of(14.75, 21.75));
  expect(await run(allowed, host(0, 0))).toEqual(Float32Array.of(5.75, 5.75));
  expect(runs.map(({ program: name }) => name)).toEqual(['tried', 'tried']);
  expect(runs[0]?.operations.map(({ name }) => name)).toContain('Square');
});

test.each<[string, (x: tf.Tensor) => unknown]>([
  ['dataSync', (x) => x.dataSync()],
  ['arraySync', (x) => x.arraySync()],
  ['bufferSync', (x) => x.bufferSync()],
  ['toString', (x) => x.toString()],
  ['print', (x) => x.print()],
  ['data', (x) => x.data()],
  ['array', (x) => x.array()],
  ['bytes', (x) => x.bytes()],
  ['a read that is caught', (x) => attempt(() => x.dataSync())],
  ['a read that ends in another error', (x) => rethrown(() => x.dataSync())],
])('refuses to read a tensor: %s', async (_, read) => {
  const tried = program(({ x }) => {
    const y = tf.square(x as tf.Tensor);
    read(y);
    return { y };
  });
  expect(await refusal(tried)).toBe('POLYTASK_PROGRAM_READS');
});

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function rethrown(action: () => unknown): unknown {
  try {
    return action();
  } catch {
    throw new Error('something else');
  }
}

test.each<[string, () => unknown]>([
  ['Math.random', () => Math.random()],
  ['tf.randomUniform', () => tf.randomUniform([2])],
  ['tf.dropout', () => tf.dropout(tf.ones([2]), 0.5)],
  ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(1))],
  ['crypto.randomUUID', () => crypto.randomUUID()],
])('refuses random numbers: %s', async (_, draw) => {
  const tried = program(({ x }) => {
    draw();
    return { y: x as tf.Tensor };
  });
  expect(await refusal(tried)).toBe('POLYTASK_PROGRAM_RANDOM');
});

test.each<[string, () => unknown]>([
  ['new Date()', () => new Date()],
  ['Date()', () => Date()],
  ['Date.now', () => Date.now()],
  ['performance.now', () => performance.now()],
])('refuses the clock: %s', async (_, look) => {
  const tried = program(({ x }) => {
    look();
    return { y: x as tf.Tensor };
  });
  expect(await refusal(tried)).toBe('POLYTASK_PROGRAM_CLOCK');
});

test('allows dates that are given', async () => {
  const tried = program(({ x }) => ({ y: tf.add(x as tf.Tensor, new Date(2000).getTime() + Date.UTC(1970, 0, 1)) }));
  expect(await run(tried)).toEqual(Float32Array.of(2003, 2004));
});

test('refuses tensors from outside', async () => {
  const outside = tf.tensor1d([1, 1]);
  const stray = tf.variable(outside);
  const tries: Program['run'][] = [
    ({ x }) => ({ y: tf.add(x as tf.Tensor, outside) }),
    () => ({ y: outside }),
    ({ x }) => ({ y: tf.add(x as tf.Tensor, stray) }),
    ({ x }) => {
      average.assign(outside);
      return { y: x as tf.Tensor };
    },
    ({ x }) => {
      stray.assign(x as tf.Tensor1D);
      return { y: x as tf.Tensor };
    },
    ({ x }) => ({ y: tf.variable(x as tf.Tensor1D) }),
  ];
  for (const tried of tries) expect(await refusal(program(tried))).toBe('POLYTASK_PROGRAM_CAPTURES');
  tf.dispose([outside, stray]);
});

test('refuses what outlives the program', async () => {
  const tried = program(({ x }) => {
    kept = tf.keep(tf.square(x as tf.Tensor));
    return { y: x as tf.Tensor };
  });
  let kept: tf.Tensor | undefined;
  const call = { feeds: { x: host(3, 4) }, outputs: { y: 'read' as const } };
  await expect(session.run(tried, call)).rejects.toMatchObject({ code: 'POLYTASK_PROGRAM_KEEPS' });
  kept?.dispose();
});

test.each<[string, (count: number, x: tf.Tensor) => tf.Tensor]>([
  ['a constant', (count, x) => tf.mul(x, count)],
  ['a long constant', (count, x) => tf.add(x, tf.sum(tf.tensor1d(new Array(20).fill(count))))],
  ['an attribute', (count, x) => tf.clipByValue(x, 0, count)],
  ['another kernel', (count, x) => (count === 1 ? tf.square(x) : tf.sqrt(x))],
  ['a kernel less', (count, x) => (count === 1 ? tf.square(tf.neg(x)) : tf.square(x))],
  ['a shape', (count, x) => tf.sum(tf.tile(x, [count]))],
])('refuses what varies from run to run: %s', async (_, compute) => {
  let count = 0;
  const tried = program(({ x }) => {
    count += 1;
    return { y: compute(count, x as tf.Tensor) };
  });
  await run(tried);
  const error = (await run(tried).catch((caught: unknown) => caught)) as { code: string; message: string };
  expect(error.code).toBe('POLYTASK_PROGRAM_VARIES');
  expect(error.message).toContain('`tried`');
});

test('compares only runs with feeds of the same shapes', async () => {
  const tried = program(({ x }) => ({ y: tf.mul(x as tf.Tensor, (x as tf.Tensor).size) }));
  await run(tried, host(1));
  await run(tried, host(1, 2));
  expect(await run(tried, host(5))).toEqual(Float32Array.of(5));
});

test('puts everything back, after a refusal too', async () => {
  const engine = tf.engine() as unknown as Record<string, unknown>;
  const keys = Object.keys(engine);
  const before = [Math.random, Date, performance.now, crypto.getRandomValues, engine.runKernelFunc, engine.readSync];
  await run(program(({ x }) => ({ y: x as tf.Tensor })));
  await refusal(program(({ x }) => ({ y: tf.tensor1d((x as tf.Tensor1D).dataSync()) })));
  await expect(run(program(() => Math.random() as never))).rejects.toThrow('Math.random');
  const after = [Math.random, Date, performance.now, crypto.getRandomValues, engine.runKernelFunc, engine.readSync];
  expect(after).toEqual(before);
  expect(Object.keys(engine)).toEqual(keys);
  expect(Object.getOwnPropertyNames(engine).filter((key) => key === 'read')).toEqual([]);
  expect(Math.random()).not.toBe(Math.random());
  expect(vi.isMockFunction(Date.now)).toBe(false);
});

test('leaves nothing behind where a gradient fails halfway', async () => {
  const tried = program(({ x }) => ({
    y: tf.grad((w) => {
      const product = tf.mul(w, x as tf.Tensor);
      Math.random();
      return tf.sum(product);
    })(weight),
  }));
  await run(tried).catch(() => {});
  const tensors = tf.memory().numTensors;
  await run(tried).catch(() => {});
  expect(tf.memory().numTensors - tensors).toBeLessThanOrEqual(2 + 2); // parameters, and what tf.grad's own tape had saved
});

// biome-ignore-all lint/suspicious/noExplicitAny: tables of functions over tensors of any rank
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import type { DType } from '../../src/ir/value.js';
import { compileGraph } from '../../src/run/compile-graph.js';
import { runGraph } from '../../src/run/run-graph.js';
import { nodeRuntime } from '../../src/run/runtime/node.js';
import { trace } from '../../src/trace/trace.js';
import { numbers } from '../run/training.js';

/** An input of a case. */
export interface Input {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: ArrayLike<number>;
}

/** One row of a table: what to compute, and from what. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly run: (...inputs: any[]) => tf.Tensor | tf.Tensor[];
  /** Largest difference allowed, relative to the largest number; default 1e-5. */
  readonly tolerance?: number;
  /** Threads that an operation may use; default 1. */
  readonly threads?: number;
}

const size = (shape: readonly number[]) => shape.reduce((product, one) => product * one, 1);

/** Numbers in [low, high). */
export function f32(shape: readonly number[], low = -2, high = 2, seed = 7): Input {
  return { shape, dtype: 'float32', data: numbers(size(shape), seed).map((x) => low + (high - low) * x) };
}

/** Given numbers. */
export const floats = (...data: number[]): Input => ({ shape: [data.length], dtype: 'float32', data });

/** Whole numbers in [low, high). */
export function i32(shape: readonly number[], low = -5, high = 6, seed = 11): Input {
  return { shape, dtype: 'int32', data: numbers(size(shape), seed).map((x) => Math.floor(low + (high - low) * x)) };
}

/** Booleans. */
export function bools(shape: readonly number[], seed = 5): Input {
  return { shape, dtype: 'bool', data: Array.from(numbers(size(shape), seed), (x) => (x < 0.5 ? 0 : 1)) };
}

const arrayOf = ({ dtype, data }: Input) =>
  dtype === 'float32' ? Float32Array.from(data) : dtype === 'int32' ? Int32Array.from(data) : Uint8Array.from(data);

/** What a function gives, compiled and run. */
export async function runCompiled(run: Case['run'], inputs: readonly Input[], threads = 1) {
  const feeds = Object.fromEntries(inputs.map((input, i) => [String(i), { shape: input.shape, dtype: input.dtype }]));
  const traced = trace({
    name: 'case',
    feeds,
    variables: new Map(),
    run: (given) => {
      const found = run(...inputs.map((_, i) => given[String(i)] as tf.Tensor));
      return Object.fromEntries((Array.isArray(found) ? found : [found]).map((tensor, i) => [`y${i}`, tensor]));
    },
  });
  const compiled = await compileGraph({
    name: 'case',
    graph: traced.graph,
    outputs: [...traced.outputs.values()].map((value) => ({ value, role: undefined })),
    runtime: await nodeRuntime(),
    threads,
    sourceOf: (input) => (arrays: readonly (Float32Array | Int32Array)[]) =>
      arrays[Number((traced.inputs.get(input) as { feed: string }).feed)] as Float32Array,
  });
  const results = await runGraph(compiled, inputs.map(arrayOf) as Float32Array[]);
  await compiled.session?.dispose();
  const outputs = compiled.outputs.map(({ shape, dtype }, i) => ({ shape, dtype, data: Array.from(results[i] ?? []) }));
  return { compiled, outputs };
}

/** Compares compiled with tfjs' cpu backend. */
async function compare({ inputs, run, tolerance = 1e-5, threads }: Case): Promise<void> {
  await tf.setBackend('cpu');
  const before = tf.memory().numTensors;
  const expected = tf.tidy(() => {
    const tensors = inputs.map((input) => tf.tensor(arrayOf(input), [...input.shape], input.dtype));
    const found = run(...tensors);
    return (Array.isArray(found) ? found : [found]).map((tensor) => ({
      shape: tensor.shape,
      dtype: tensor.dtype,
      data: Array.from(tensor.dataSync()),
    }));
  });
  const { outputs } = await runCompiled(run, inputs, threads);
  expect(tf.memory().numTensors).toBe(before);
  expect(tf.getBackend()).toBe('cpu');
  expect(outputs.length).toBe(expected.length);
  expected.forEach((one, i) => {
    const found = outputs[i] as (typeof outputs)[number];
    expect(found.shape).toEqual(one.shape);
    expect(found.dtype).toBe(one.dtype === 'bool' ? 'int32' : one.dtype);
    const largest = one.data.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);
    one.data.forEach((x, j) => {
      const y = found.data[j] as number;
      const same = Number.isNaN(x) ? Number.isNaN(y) : x === y || Math.abs(x - y) <= tolerance * largest;
      if (!same)
        expect({ entry: j, value: y, all: found.data.slice(0, 24) }).toEqual({
          entry: j,
          value: x,
          all: one.data.slice(0, 24),
        });
    });
  });
}

/** One test for each row. */
export function differential(cases: readonly Case[]): void {
  test.each(cases)('$name', (row) => compare(row));
}

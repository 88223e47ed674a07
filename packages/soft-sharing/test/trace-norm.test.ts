import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { beforeAll, describe, expect, test } from 'vitest';
import { traceNorm } from '../src/trace-norm.js';
import { type TensorForm, unfoldings } from '../src/unfolding.js';
import { layoutOf, numbersOf, slopesOf, termOn } from './layout.js';

beforeAll(() => tf.setBackend('cpu'));

describe.each([
  ['last axis', () => traceNorm({ biases: true, updateEvery: 2 })],
  ['tucker', () => traceNorm({ form: 'tucker' })],
])('%s', (_, make) => {
  for (const { name, run } of conformance('auxiliary', make, { claims: ['non-negative'] })) test(name, run);
});

/** ‖·‖_* of the stack of copies, by tfjs' transpose and a full SVD. */
function normOf(stack: number[], shape: readonly number[], form: TensorForm): number {
  return unfoldings(form, shape).reduce((sum, { axes, rows, columns }) => {
    const flat = tf.tidy(() => {
      // Indices through float32, values beside them.
      const places = tf.tensor(
        stack.map((_, i) => i),
        [...shape],
      );
      return Array.from(tf.transpose(places, [...axes]).dataSync(), (place) => stack[place] as number);
    });
    const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(rows, columns, flat), {
      autoTranspose: true,
    });
    return sum + diagonal.reduce((total, value) => total + value, 0);
  }, 0);
}

const tasks = ['a', 'b', 'c'];
test.each([
  ['last-axis', [2, 3]],
  ['last-axis', [1, 2]], // more tasks than weights
  ['tucker', [2, 3]],
  ['tensor-train', [2, 3]],
  ['tucker', [2, 2, 2]],
  ['tensor-train', [2, 2, 2]],
] as const)('%s of %j: the sum of singular values, with its gradient', async (form, shape) => {
  const layout = layoutOf(tasks, Object.fromEntries(tasks.map((task) => [`columns/${task}/kernel`, [...shape]])));
  const { value, gradient } = await termOn(traceNorm({ form }), layout);
  const numbers = numbersOf(layout);
  const norm = (at: Record<string, number[]>) =>
    normOf(
      tasks.flatMap((task) => at[`columns/${task}/kernel`] ?? []),
      [3, ...shape],
      form,
    );
  expect(value).toBeCloseTo(norm(numbers), 4);
  for (const [path, slopes] of Object.entries(slopesOf(numbers, norm))) {
    slopes.forEach((slope, i) => {
      expect(gradient[path]?.[i]).toBeCloseTo(slope, 3);
    });
  }
});

test('two columns by hand: (σ₁ + σ₂)² = tr + 2 √det', async () => {
  const layout = layoutOf(['a', 'b'], { 'heads/a/kernel': [2, 1], 'heads/b/kernel': [2, 1] });
  layout.segments[0]?.variable.assign(tf.tensor2d([[3], [0]]));
  layout.segments[1]?.variable.assign(tf.tensor2d([[3], [4]]));
  // W Wᵀ = [[9, 9], [9, 25]]: tr 34, det 144, so √(34 + 24).
  expect((await termOn(traceNorm(), layout)).value).toBeCloseTo(Math.sqrt(58), 5);
});

test('equal copies are of rank 1: no push in directions that are not there', async () => {
  const layout = layoutOf(tasks, Object.fromEntries(tasks.map((task) => [`heads/${task}/kernel`, [2, 1]])));
  for (const { variable } of layout.segments) variable.assign(tf.tensor2d([[3], [4]]));
  const { value, gradient } = await termOn(traceNorm(), layout);
  expect(value).toBeCloseTo(5 * Math.sqrt(3), 5);
  for (const slopes of Object.values(gradient)) {
    expect(slopes[0]).toBeCloseTo(0.6 / Math.sqrt(3), 5); // U Vᵀ
    expect(slopes[1]).toBeCloseTo(0.8 / Math.sqrt(3), 5);
  }
});

test('between two updates the term lies above the norm', async () => {
  const layout = layoutOf(['a', 'b'], { 'heads/a/kernel': [2, 1], 'heads/b/kernel': [2, 1] });
  const bound = traceNorm().bind({ layout } as never);
  const read = async (path: string) => {
    const variable = layout.segments.find((one) => one.path === path)?.variable as tf.Variable;
    return { data: (await variable.data()) as Float32Array, shape: variable.shape };
  };
  const feedsAt = async () => Object.entries((await bound.prepare?.({ layout, read }, {} as never)) ?? {});
  const tensors = (feeds: Awaited<ReturnType<typeof feedsAt>>) =>
    Object.fromEntries(feeds.map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  const old = tensors(await feedsAt());
  layout.segments[0]?.variable.assign(tf.tensor2d([[2], [-1]]));
  const fresh = tensors(await feedsAt());
  const valueWith = (feeds: object) => (bound.loss({ feeds } as never) as tf.Tensor).dataSync()[0] as number;
  expect(valueWith(old)).toBeGreaterThan(valueWith(fresh));
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { unfold, unfoldings, unfoldOnHost } from '../src/unfolding.js';

beforeAll(() => tf.setBackend('cpu'));

test('gives a matrix per task, per axis and per cut', () => {
  const sizes = (form: Parameters<typeof unfoldings>[0]) =>
    unfoldings(form, [3, 2, 5]).map(({ rows, columns }) => [rows, columns]);
  expect(sizes('last-axis')).toEqual([[3, 10]]);
  expect(sizes('tucker')).toEqual([
    [3, 10],
    [2, 15],
    [5, 6],
  ]);
  expect(sizes('tensor-train')).toEqual([
    [2, 15],
    [10, 3],
  ]);
});

test('is the same on the host as in a program, turned where it has more rows than columns', () => {
  const shape = [3, 2, 5];
  const numbers = Float64Array.from({ length: 30 }, (_, i) => i);
  for (const form of ['last-axis', 'tucker', 'tensor-train'] as const) {
    for (const unfolding of unfoldings(form, shape)) {
      const { matrix, rows, columns, turned } = unfoldOnHost(numbers, shape, unfolding);
      const inProgram = unfold(tf.tensor(Array.from(numbers), shape), unfolding);
      const wanted = turned ? tf.transpose(inProgram) : inProgram;
      expect([rows, columns]).toEqual(wanted.shape);
      expect(Array.from(matrix)).toEqual(Array.from(wanted.dataSync()));
    }
  }
});

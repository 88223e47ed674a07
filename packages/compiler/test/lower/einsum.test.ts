import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { compile, float32, int32 } from '../../src/index.js';
import { type Case, differential, f32, i32 } from './differential.js';

const equations: { [equation: string]: number[][] } = {
  'ij,jk->ik': [
    [2, 3],
    [3, 4],
  ],
  'ij, jk -> ki': [
    [2, 3],
    [3, 4],
  ],
  'bij,bjk->bik': [
    [5, 2, 3],
    [5, 3, 4],
  ],
  'bhqd,bhkd->bhqk': [
    [2, 3, 4, 5],
    [2, 3, 6, 5],
  ],
  'ij,ij->i': [
    [2, 3],
    [2, 3],
  ],
  'i,j->ij': [[2], [3]],
  'i,i->': [[4], [4]],
  'ij->ji': [[2, 3]],
  'ij->i': [[2, 3]],
  'ij->': [[2, 3]],
  'Ab,bA->A': [
    [2, 1],
    [1, 2],
  ],
  'ij,jk->ki': [
    [2, 0],
    [0, 3],
  ],
};
const cases: Case[] = Object.entries(equations).flatMap(([equation, shapes], i) => {
  const run = (...tensors: tf.Tensor[]) => tf.einsum(equation, ...tensors);
  return [
    { name: `${equation} float32 ${i}`, inputs: shapes.map((shape, seed) => f32(shape, -2, 2, seed + 1)), run },
    { name: `${equation} int32 ${i}`, inputs: shapes.map((shape, seed) => i32(shape, -5, 6, seed + 1)), run },
  ];
});

describe('einsum', () => differential(cases));

test('of several dtypes runs eagerly, and says so', async () => {
  await tf.setBackend('cpu');
  const told: string[] = [];
  const signature = { a: float32(2), b: int32(2) };
  const step = await compile(({ a, b }) => tf.einsum('i,i->', a, b), signature, {
    onFallback: (message) => told.push(message),
  });
  const { result } = await step.run({ a: Float32Array.of(0.5, 2), b: Int32Array.of(4, 3) });
  expect(result?.data[0]).toBe(8);
  expect(told).toEqual([expect.stringContaining('Einsum of several dtypes')]);
});

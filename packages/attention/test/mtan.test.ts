import { convNet, type InputSpecs, mlp } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { mtan } from '../src/mtan.js';
import { bind, listed, product } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => mtan({ encoder: mlp([4, 3], { activation: 'tanh' }) });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);
const images: InputSpecs = { x: { shape: [6, 6, 1], dtype: 'float32' } };
const convolutional = () =>
  mtan({ encoder: convNet({ filters: [2, 3], kernelSize: 3, pool: 1, padding: 'same', dense: [4] }) });
for (const { name, run } of conformance('sharing', convolutional, { inputs: images })) {
  if (/trains|a variable reach|comes with it/.test(name)) test(`images: ${name}`, run);
}

const x = [
  [1, 2],
  [-3, 0.5],
];
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
const each = (rows: number[][], of: (value: number, i: number, j: number) => number) =>
  rows.map((row, i) => row.map((value, j) => of(value, i, j)));

test('selects stage by stage from the features of the trunk', () => {
  const sharing = mtan({ encoder: mlp([3, 2], { activation: 'linear' }), batchNorm: false });
  const { forward, values, usedBy, dispose } = bind(sharing, ['a', 'b']);
  const { features, intermediates, shared } = forward({ x: tf.tensor2d(x) });
  const kernel = (path: string) => values<number[][]>(`${path}/kernel`);
  const p0 = product(x, kernel('trunk/dense0'));
  const p1 = product(p0, kernel('trunk/dense1'));
  closeTo(listed(shared), p1);
  for (const task of ['a', 'b']) {
    const mask = (stage: string, seen: number[][]) => {
      const inner = each(product(seen, kernel(`attention/${task}/${stage}/inner`)), (value) => Math.max(value, 0));
      return each(product(inner, kernel(`attention/${task}/${stage}/mask`)), sigmoid);
    };
    const m0 = mask('dense0', p0);
    const brought = product(
      each(p0, (value, i, j) => value * (m0[i]?.[j] as number)),
      kernel('refine/dense1'),
    );
    const m1 = mask(
      'dense1',
      p1.map((row, i) => [...row, ...(brought[i] as number[])]),
    );
    closeTo(listed(intermediates[`attention/${task}/dense0`]), m0);
    closeTo(listed(intermediates[`attention/${task}/dense1`]), m1);
    closeTo(
      listed(features[task]),
      each(p1, (value, i, j) => value * (m1[i]?.[j] as number)),
    );
  }
  expect(usedBy('refine/dense1/kernel')).toEqual(['a', 'b']);
  expect(usedBy('attention/b/dense1/mask/kernel')).toEqual(['b']);
  dispose();
});

test('masks have the shape of the features, between 0 and 1, and their means are recorded', () => {
  const { bound, forward, dispose } = bind(convolutional(), ['a'], images);
  const { intermediates } = forward({ x: tf.ones([2, 6, 6, 1]) }, { training: true });
  expect(intermediates['attention/a/conv1']?.shape).toEqual([2, 6, 6, 3]);
  expect(intermediates['attention/a/dense0']?.shape).toEqual([2, 4]);
  expect(bound.logged).toEqual(['conv0', 'conv1', 'dense0'].map((stage) => `attention/a/${stage}/mean`));
  for (const name of bound.logged ?? []) {
    const mean = listed<number>(intermediates[name]);
    expect(mean).toBeGreaterThan(0);
    expect(mean).toBeLessThan(1);
  }
  dispose();
});

import { convNet, mlp, openScope, regression, type StepContext } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { nddr } from '../src/nddr.js';

beforeAll(() => tf.setBackend('cpu'));

describe.each([
  ['vectors', () => nddr({ encoder: mlp([4, 3], { activation: 'tanh' }) }), {}],
  [
    'images',
    () => nddr({ encoder: convNet({ filters: [2], dense: [2], kernelSize: 3 }), batchNorm: false }),
    { inputs: { x: { shape: [4, 4, 1], dtype: 'float32' } } as const },
  ],
])('%s', (_, make, options) => {
  for (const { name, run } of conformance('sharing', make, options)) test(name, run);
});

/** Features of two tasks for one row, before and after a unit with these weights. */
function fused(kernels?: readonly number[][]) {
  const { scope, bindings, variable, usedBy, dispose } = openScope(['a', 'b']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const sharing = nddr({ encoder: mlp([2], { activation: 'linear' }), batchNorm: false, relu: false });
  const bound = sharing.bind({ tasks: [regression('a'), regression('b')], inputs, scope, ...bindings } as never);
  kernels?.forEach((kernel, t) => {
    variable(`units/dense0/${'ab'[t]}/kernel`).assign(tf.tensor2d(kernel, [4, 2]));
  });
  const x = tf.tensor2d([[0.5, -2]]);
  const state = bound.forward({ x }, { training: false } as StepContext, {});
  const before = ['a', 'b'].flatMap((task) =>
    Array.from(tf.matMul(x, variable(`columns/${task}/dense0/kernel`) as never).dataSync()),
  );
  const after = ['a', 'b'].map((task) => Array.from((state.features[task] as tf.Tensor).dataSync()));
  const users = ['a', 'b'].map((task) => usedBy(`units/dense0/${task}/kernel`));
  dispose();
  return { before, after, users };
}

test('starts with 0.9 of the own features and 0.1 of the others', () => {
  const {
    before: [a0 = 0, a1 = 0, b0 = 0, b1 = 0],
    after,
    users,
  } = fused();
  const wanted = [
    [0.9 * a0 + 0.1 * b0, 0.9 * a1 + 0.1 * b1],
    [0.1 * a0 + 0.9 * b0, 0.1 * a1 + 0.9 * b1],
  ];
  after.flat().forEach((value, i) => {
    expect(value).toBeCloseTo(wanted.flat()[i] as number, 5);
  });
  // After the last stage each unit reaches its own head alone.
  expect(users).toEqual([['a'], ['b']]);
});

test("makes a task's features of those of all by a matrix of its own", () => {
  const kernels = [
    [1, 2, 3, 4, 5, 6, 7, 8],
    [-1, 0, 2, 1, 0, 3, 1, 1],
  ];
  const { before, after } = fused(kernels);
  after.forEach((row, t) => {
    row.forEach((value, c) => {
      const wanted = before.reduce((sum, one, j) => sum + one * (kernels[t]?.[2 * j + c] as number), 0);
      expect(value).toBeCloseTo(wanted, 4);
    });
  });
});

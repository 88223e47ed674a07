import { mlp, openScope, regression, type StepContext } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { mmoe } from '../src/mmoe.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => mmoe({ encoder: mlp([4], { activation: 'tanh' }), experts: 3 });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

test('weighs experts row by row with the softmax of a gate per task', () => {
  const { scope, bindings, variable, dispose } = openScope(['a', 'b']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const sharing = mmoe({ encoder: mlp([3], { activation: 'linear' }), experts: 2 });
  const bound = sharing.bind({ tasks: [regression('a'), regression('b')], inputs, scope, ...bindings } as never);
  const x = tf.tensor2d([
    [1, 2],
    [-3, 0.5],
  ]);
  const { features, intermediates } = bound.forward({ x }, { training: false } as StepContext, {});
  const experts = ['expert0', 'expert1'].map((name) =>
    tf.matMul(x, variable(`experts/${name}/dense0/kernel`) as tf.Tensor2D),
  );
  for (const task of ['a', 'b']) {
    const gate = tf.softmax(tf.matMul(x, variable(`gates/${task}/kernel`) as tf.Tensor2D)).arraySync() as number[][];
    expect((intermediates[`gates/${task}`] as tf.Tensor).arraySync()).toEqual(gate);
    const found = (features[task] as tf.Tensor).arraySync() as number[][];
    found.forEach((row, i) => {
      row.forEach((value, j) => {
        const wanted = experts.reduce(
          (sum, expert, k) => sum + (gate[i]?.[k] as number) * ((expert.arraySync() as number[][])[i]?.[j] as number),
          0,
        );
        expect(value).toBeCloseTo(wanted, 5);
      });
    });
  }
  dispose();
});

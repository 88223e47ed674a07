import { convNet, mlp, openScope, regression, type StepContext } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { residualAdapters } from '../src/residual-adapters.js';
import { errorOf } from './parts.js';

beforeAll(() => tf.setBackend('cpu'));

const image = { x: { shape: [4, 4, 1], dtype: 'float32' } } as const;
describe.each([
  ['vectors', () => residualAdapters({ encoder: mlp([5, 3], { activation: 'tanh' }), units: 2 }), {}],
  [
    'images',
    () =>
      residualAdapters({ encoder: convNet({ filters: [2], dense: [3], kernelSize: 3 }), units: 1, after: ['conv0'] }),
    { inputs: image },
  ],
])('%s', (_, make, options) => {
  for (const { name, run } of conformance('sharing', make, options)) test(name, run);
});

function open(after?: string[]) {
  const { scope, bindings, variable, dispose } = openScope(['a', 'b']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const sharing = residualAdapters({ encoder: mlp([2], { activation: 'linear' }), units: 1, ...(after && { after }) });
  const bound = sharing.bind({ tasks: [regression('a'), regression('b')], inputs, scope, ...bindings } as never);
  const x = tf.tensor2d([[1, -2]]);
  const features = () => {
    const state = bound.forward({ x }, { training: false } as StepContext, {});
    return ['a', 'b'].map((task) => Array.from((state.features[task] as tf.Tensor).dataSync()));
  };
  return {
    features,
    h: () => Array.from(tf.matMul(x, variable('trunk/dense0/kernel') as never).dataSync()),
    variable,
    dispose,
  };
}

test('starts as hard sharing', () => {
  const { features, h, dispose } = open();
  for (const row of features()) {
    row.forEach((value, i) => {
      expect(value).toBeCloseTo(h()[i] as number, 6);
    });
  }
  dispose();
});

test("adds a task's own correction through a bottleneck", () => {
  const { features, h, variable, dispose } = open();
  variable('residual/a/dense0/down/kernel').assign(tf.tensor2d([[1], [2]]));
  variable('residual/a/dense0/down/bias').assign(tf.tensor1d([10]));
  variable('residual/a/dense0/up/kernel').assign(tf.tensor2d([[3, -1]]));
  const [h0 = 0, h1 = 0] = h();
  const inner = h0 + 2 * h1 + 10; // above 0
  const [a, b] = features();
  expect(a?.[0]).toBeCloseTo(h0 + 3 * inner, 4);
  expect(a?.[1]).toBeCloseTo(h1 - inner, 4);
  expect(b?.[0]).toBeCloseTo(h0, 5);
  dispose();
});

test('refuses stages that are not there', () => {
  expect(errorOf(() => open(['dense3'])).message).toContain('There is no stage named `dense3`');
});

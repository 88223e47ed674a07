import { convNet, mlp, openScope, regression, type StepContext } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { hardSharing } from '../src/hard-sharing.js';
import { recon } from '../src/recon.js';
import { errorOf } from './parts.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([5, 4, 3], { activation: 'tanh', batchNorm: true });
const image = { x: { shape: [4, 4, 1], dtype: 'float32' } } as const;
describe.each([
  [
    'a stage in the middle',
    () => recon({ encoder: mlp([5, 4, 3], { activation: 'tanh' }), specific: ['dense1'] }),
    { claims: ['order-of-tasks'] as const },
  ],
  [
    'the first stage, of images',
    () => recon({ encoder: convNet({ filters: [2], dense: [3], kernelSize: 3 }), specific: ['conv0'] }),
    { inputs: image },
  ],
  ['a data set per task', () => recon({ encoder, specific: ['dense1'] }), { perTaskData: true }],
])('%s', (_, make, options) => {
  for (const { name, run } of conformance('sharing', make, options)) test(name, run);
});

const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
const tasks = [regression('a'), regression('b')];

function passed(specific: string[]) {
  const { scope, bindings, registered, variable, dispose } = openScope(['a', 'b']);
  const sharing = recon({ encoder: mlp([3, 2], { activation: 'linear' }), specific });
  const bound = sharing.bind({ tasks, inputs, scope, ...bindings } as never);
  const x = tf.tensor2d([[1, -2]]);
  const state = bound.forward({ x }, { training: false } as StepContext, {});
  return { state, x, paths: registered.map(({ path }) => path), variable, dispose };
}

test('with nothing specific it is hard sharing', () => {
  const { state, x, paths, dispose } = passed([]);
  const other = openScope(['a', 'b']);
  const hard = hardSharing({ encoder: mlp([3, 2], { activation: 'linear' }) });
  const bound = hard.bind({ tasks, inputs, scope: other.scope, ...other.bindings } as never);
  const wanted = bound.forward({ x }, { training: false } as StepContext, {});
  expect(paths).toEqual(other.registered.map(({ path }) => path));
  for (const task of ['a', 'b']) expect(state.features[task]?.dataSync()).toEqual(wanted.features[task]?.dataSync());
  expect(state.shared?.dataSync()).toEqual(wanted.shared?.dataSync());
  dispose();
  other.dispose();
});

test("goes through a stage of each task's own, then through what is shared", () => {
  const { state, x, variable, dispose } = passed(['trunk/dense0']);
  for (const task of ['a', 'b']) {
    const h = tf.matMul(x, variable(`specific/${task}/dense0/kernel`) as unknown as tf.Tensor2D);
    const wanted = tf.matMul(h, variable('trunk/dense1/kernel') as unknown as tf.Tensor2D).dataSync();
    wanted.forEach((value, i) => {
      expect(state.features[task]?.dataSync()[i]).toBeCloseTo(value, 5);
    });
  }
  expect(state.shared).toBeUndefined();
  dispose();
});

test('refuses stages that are not there', () => {
  expect(errorOf(() => passed(['dense7'])).message).toContain('There is no stage named `dense7`');
});

import { type AnyTask, mlp, regression } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildHeads } from '../../src/sharing-kit/build-heads.js';
import { errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const tasks: AnyTask[] = ['a', 'b', 'shape'].map((name) => regression(name));
const names = tasks.map(({ name }) => name);

it('builds a head for every task, used by that task only', () => {
  const { scope, registry, dispose } = newScope(1, names);
  buildHeads(scope, tasks, float(5), { a: mlp([4]) });
  expect(registry.map(({ path, usedBy }) => `${path} ${usedBy.join('+')}`)).toEqual([
    'heads/a/dense0/kernel a',
    'heads/a/dense0/bias a',
    'heads/a/outputs/value/kernel a',
    'heads/a/outputs/value/bias a',
    'heads/b/outputs/value/kernel b',
    'heads/b/outputs/value/bias b',
    'heads/shape/outputs/value/kernel shape',
    'heads/shape/outputs/value/bias shape',
  ]);
  dispose();
});

it('gives the state of a forward pass', () => {
  const { scope, variable, dispose } = newScope(1, names);
  const heads = buildHeads(scope, tasks, float(5), { a: mlp([4]) });
  tf.tidy(() => {
    const features = Object.fromEntries(names.map((name, k) => [name, numbers([2, 5], k)]));
    const shared = numbers([2, 5], 9);
    const state = heads.apply(features, evaluating, { shared, intermediates: { shared } });
    expect(Object.keys(state.outputs)).toEqual(names);
    expect([state.features.a?.shape, state.features.b]).toEqual([[2, 4], features.b]);
    expect([state.shared, state.intermediates.shared]).toEqual([shared, shared]);
    const byHand = tf.matMul(features.b as tf.Tensor2D, variable('heads/b/outputs/value/kernel') as tf.Tensor2D);
    expect(state.outputs.b?.value?.dataSync()).toEqual(byHand.dataSync());
    expect(heads.apply(features, evaluating)).toMatchObject({ intermediates: {} });
    expect('shared' in heads.apply(features, evaluating)).toBe(false);
  });
  dispose();
});

it('builds on features of other shapes for every task', () => {
  const { scope, variable, dispose } = newScope(1, names);
  buildHeads(scope, tasks, { a: float(2), b: float(3), shape: float(4) });
  expect(names.map((name) => variable(`heads/${name}/outputs/value/kernel`).shape[0])).toEqual([2, 3, 4]);
  dispose();
});

it('says what is wrong with heads', () => {
  const { scope } = newScope(1, names);
  expect(errorOf(() => buildHeads(scope, tasks, float(5), { c: mlp([4]) })).code).toBe('POLYTASK_UNKNOWN_NAME');
});

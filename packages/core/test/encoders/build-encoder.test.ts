import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildEncoder, buildStages } from '../../src/encoders/build-encoder.js';
import { mlp } from '../../src/encoders/mlp.js';
import { errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('builds all stages, each in a scope of its own', () => {
  const { scope, paths, dispose } = newScope();
  const built = buildEncoder(mlp([4, 2]), scope.child('trunk'), { x: float(3) });
  expect(built.output).toEqual(float(2));
  expect(built.stages.map((stage) => stage.output.shape)).toEqual([[4], [2]]);
  expect(paths()).toEqual(['trunk/dense0/kernel', 'trunk/dense0/bias', 'trunk/dense1/kernel', 'trunk/dense1/bias']);
  dispose();
});

it('gives the same as its parts, prefix and suffix', () => {
  const inputs = { x: float(3) };
  const whole = newScope();
  const cut = newScope();
  const encoder = mlp([4, 5, 2]);
  const built = buildEncoder(encoder, whole.scope.child('t'), inputs);
  const stages = encoder.stages(inputs);
  const prefix = buildStages(stages.slice(0, 2), cut.scope.child('t'), inputs);
  const suffix = buildStages(stages.slice(2), cut.scope.child('t'), { features: prefix.output });
  expect(cut.paths()).toEqual(whole.paths());
  tf.tidy(() => {
    const x = numbers([7, 3]);
    const features = prefix.apply({ x }, evaluating);
    expect(suffix.apply({ features }, evaluating).arraySync()).toEqual(built.apply({ x }, evaluating).arraySync());
  });
  whole.dispose();
  cut.dispose();
});

it('narrows to the tasks of the scope', () => {
  const { scope, registry, dispose } = newScope(1, ['a', 'b']);
  buildEncoder(mlp([4]), scope.child('b', { usedBy: ['b'] }), { x: float(3) });
  expect(registry.map((one) => one.usedBy)).toEqual([['b'], ['b']]);
  dispose();
});

it('passes a single input on where there are no stages', () => {
  const built = buildStages([], newScope().scope, { features: float(3) });
  const x = tf.zeros([1, 3]);
  expect(built.output).toEqual(float(3));
  expect(built.apply({ features: x }, evaluating)).toBe(x);
  x.dispose();
  const { code, message } = errorOf(() => buildStages([], newScope().scope, { a: float(3), b: float(3) }));
  expect(code).toBe('POLYTASK_ENCODER_INPUT');
  expect(message).toContain('`a`, `b`');
});

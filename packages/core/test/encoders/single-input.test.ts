import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { layerStage, singleInput } from '../../src/encoders/single-input.js';
import { buildDense } from '../../src/layers/dense.js';
import { errorOf, evaluating, float, newScope } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('gives the one input and its name', () => {
  expect(singleInput({ x: float(3) }, 'mlp')).toEqual({ name: 'x', input: float(3) });
});

it('names the inputs and points to fusion where there are several', () => {
  const { code, message } = errorOf(() => singleInput({ image: float(3), table: float(2) }, 'mlp'));
  expect(code).toBe('POLYTASK_ENCODER_INPUT');
  expect(message).toMatch(/`mlp` takes exactly one input, but got `image`, `table`.*fusion/);
  expect(errorOf(() => singleInput({}, 'mlp')).message).toContain('none');
});

it('points to tabular for category ids', () => {
  const ids = { shape: [1], dtype: 'int32' as const, categories: [4] };
  expect(errorOf(() => singleInput({ city: ids }, 'mlp')).message).toMatch(/`city`.*tabular/);
});

it('makes a stage of layers, under any input name', () => {
  const { scope, paths, dispose } = newScope();
  const stage = layerStage('first', 'mine', (place, input) => buildDense(place, input, 2));
  const built = stage.build(scope.child(stage.name), { pixels: float(3) });
  expect(built.output).toEqual(float(2));
  expect(paths()).toEqual(['first/kernel', 'first/bias']);
  tf.tidy(() => {
    expect(built.apply({ pixels: tf.zeros([7, 3]) }, evaluating).shape).toEqual([7, 2]);
  });
  dispose();
});

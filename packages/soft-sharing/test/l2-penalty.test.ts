import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { l2Penalty } from '../src/l2-penalty.js';
import { layoutOf, numbersOf, termOn } from './layout.js';

beforeAll(() => tf.setBackend('cpu'));

for (const { name, run } of conformance('auxiliary', l2Penalty, { claims: ['non-negative'] })) test(name, run);

const layout = () =>
  layoutOf(['a', 'b'], { 'trunk/dense0/kernel': [2, 2], 'trunk/dense0/bias': [2], 'heads/a/kernel': [2, 1] });

test('is the sum of squares, with the gradient 2θ, of the layers named', async () => {
  const at = layout();
  const numbers = numbersOf(at);
  const { value, gradient } = await termOn(l2Penalty({ layers: ['trunk'], biases: true }), at);
  const trunk = [...(numbers['trunk/dense0/kernel'] ?? []), ...(numbers['trunk/dense0/bias'] ?? [])];
  expect(value).toBeCloseTo(
    trunk.reduce((sum, one) => sum + one * one, 0),
    5,
  );
  expect(gradient['heads/a/kernel']).toEqual([0, 0]);
  numbers['trunk/dense0/bias']?.forEach((one, i) => {
    expect(gradient['trunk/dense0/bias']?.[i]).toBeCloseTo(2 * one, 5);
  });
});

test('leaves biases alone by default, and refuses what does not exist', async () => {
  const { gradient } = await termOn(l2Penalty(), layout());
  expect(gradient['trunk/dense0/bias']).toEqual([0, 0]);
  await expect(termOn(l2Penalty({ layers: ['trunks'] }), layout())).rejects.toThrow('There is no layer named `trunks`');
  await expect(termOn(l2Penalty(), layoutOf(['a'], { 'trunk/bias': [2] }))).rejects.toThrow('Set `biases: true`');
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildBatchNorm } from '../../src/layers/batch-norm.js';
import {
  difference,
  errorOf,
  evaluating,
  float,
  newScope,
  newStep,
  numbers,
  onBackend,
  outputAndGradients,
} from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('normalises by the batch in training, and moves its averages', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildBatchNorm(scope.child('bn'), float(2), { momentum: 0.9, epsilon: 1e-3 });
  tf.tidy(() => {
    variable('bn/scale').assign(tf.tensor1d([2, 1]));
    variable('bn/offset').assign(tf.tensor1d([0, 5]));
    // Means 2 and 10; variances 1 and 16.
    const y = layer.apply(
      tf.tensor2d([
        [1, 6],
        [3, 14],
      ]),
      newStep(true),
    );
    const [a, b] = [2 / Math.sqrt(1.001), 4 / Math.sqrt(16.001)];
    expect(difference([...y.dataSync()], [-a, 5 - b, a, 5 + b])).toBeLessThan(1e-5);
    expect(difference([...variable('bn/movingMean').dataSync()], [0.2, 1])).toBeLessThan(1e-6);
    expect(difference([...variable('bn/movingVariance').dataSync()], [0.9 + 0.1, 0.9 + 1.6])).toBeLessThan(1e-6);
  });
  dispose();
});

it('uses the averages otherwise, and leaves them alone', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildBatchNorm(scope.child('bn'), float(1), { epsilon: 1 });
  tf.tidy(() => {
    variable('bn/movingMean').assign(tf.tensor1d([4]));
    variable('bn/movingVariance').assign(tf.tensor1d([3]));
    expect(layer.apply(tf.tensor2d([[6]]), evaluating).arraySync()).toEqual([[1]]);
    expect(variable('bn/movingMean').arraySync()).toEqual([4]);
  });
  dispose();
});

it('registers its averages as not trainable', () => {
  const { scope, registry, dispose } = newScope();
  buildBatchNorm(scope, float(3));
  expect(registry.map(({ path, trainable }) => [path, trainable])).toEqual([
    ['scale', true],
    ['offset', true],
    ['movingMean', false],
    ['movingVariance', false],
  ]);
  dispose();
});

it('takes statistics over all axes but the last, for batches of 1 and 7', () => {
  for (const rows of [1, 7]) {
    const { scope, dispose } = newScope();
    const layer = buildBatchNorm(scope, float(4, 4, 3));
    tf.tidy(() => {
      const y = layer.apply(numbers([rows, 4, 4, 3]), newStep(true));
      expect(y.shape).toEqual([rows, 4, 4, 3]);
      expect(difference([...tf.mean(y, [0, 1, 2]).dataSync()], [0, 0, 0])).toBeLessThan(1e-5);
    });
    dispose();
  }
});

it('agrees between cpu and wasm, gradients included, and leaks no tensor', async () => {
  const run = () =>
    outputAndGradients((scope) => {
      const layer = buildBatchNorm(scope, float(5));
      return (step) => tf.tanh(layer.apply(numbers([7, 5]), step));
    });
  const cpu = await onBackend('cpu', run);
  const before = tf.memory().numTensors;
  run();
  expect(tf.memory().numTensors).toBe(before);
  const wasm = await onBackend('wasm', run);
  expect(difference(cpu.output, wasm.output)).toBeLessThan(1e-5);
  expect(Object.keys(cpu.gradients)).toEqual(['scale', 'offset']);
  for (const [path, values] of Object.entries(cpu.gradients)) {
    expect(difference(values, wasm.gradients[path] as number[]), path).toBeLessThan(1e-5);
  }
});

it('passes gradients through the statistics, as finite differences say', () => {
  const { scope, dispose } = newScope();
  const layer = buildBatchNorm(scope, float(2));
  const loss = (x: tf.Tensor) => tf.sum(tf.mul(tf.sin(layer.apply(x, newStep(true))), numbers([4, 2], 3)));
  const start = [...numbers([4, 2]).dataSync()];
  const exact = tf.tidy(() => [
    ...tf
      .grad(loss)(tf.tensor2d(start, [4, 2]))
      .dataSync(),
  ]);
  const at = (index: number, shift: number) =>
    tf.tidy(
      () =>
        loss(
          tf.tensor2d(
            start.map((v, i) => (i === index ? v + shift : v)),
            [4, 2],
          ),
        ).dataSync()[0] as number,
    );
  const numeric = start.map((_, i) => (at(i, 1e-2) - at(i, -1e-2)) / 2e-2);
  expect(difference(exact, numeric)).toBeLessThan(5e-3);
  dispose();
});

it('says what is wrong', () => {
  const { scope } = newScope();
  expect(errorOf(() => buildBatchNorm(scope, float(2), { momentum: 1 })).message).toContain('`momentum`');
  expect(errorOf(() => buildBatchNorm(scope, float(2), { epsilon: 0 })).message).toContain('`epsilon`');
  expect(errorOf(() => buildBatchNorm(scope, float())).code).toBe('POLYTASK_SHAPE_MISMATCH');
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { buildDense } from '../../src/layers/dense.js';
import {
  difference,
  errorOf,
  evaluating,
  float,
  newScope,
  numbers,
  onBackend,
  outputAndGradients,
} from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('acts on the last axis of any rank', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 7), (shape, units, rows) => {
      const { scope, dispose } = newScope();
      const layer = buildDense(scope, float(...shape), units, { activation: 'tanh' });
      tf.tidy(() => {
        expect(layer.apply(tf.zeros([rows, ...shape]), evaluating).shape).toEqual([rows, ...layer.output.shape]);
      });
      expect(layer.output).toEqual(float(...shape.slice(0, -1), units));
      dispose();
    }),
    { numRuns: 30 },
  );
});

it('multiplies, adds and activates as by hand', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildDense(scope.child('layer'), float(2), 2, { activation: 'relu' });
  tf.tidy(() => {
    variable('layer/kernel').assign(
      tf.tensor2d([
        [1, -1],
        [2, 3],
      ]),
    );
    variable('layer/bias').assign(tf.tensor1d([0.5, -10]));
    expect(layer.apply(tf.tensor2d([[1, 2]]), evaluating).arraySync()).toEqual([[5.5, 0]]);
    const cast = buildDense(scope.child('ids'), { shape: [1], dtype: 'int32' }, 1);
    expect(cast.apply(tf.tensor2d([[3]], [1, 1], 'int32'), evaluating).dtype).toBe('float32');
  });
  dispose();
});

it('has the same kernel at every position', () => {
  const { scope, dispose } = newScope();
  const layer = buildDense(scope, float(3, 4), 2);
  tf.tidy(() => {
    const position = numbers([1, 1, 4]);
    const rows = layer.apply(tf.tile(position, [1, 3, 1]), evaluating).arraySync() as number[][][];
    expect(rows[0]?.[1]).toEqual(rows[0]?.[0]);
    expect(rows[0]?.[2]).toEqual(rows[0]?.[0]);
  });
  dispose();
});

it('can go without a bias', () => {
  const { scope, paths, dispose } = newScope();
  buildDense(scope.child('layer'), float(2), 2, { bias: false });
  expect(paths()).toEqual(['layer/kernel']);
  dispose();
});

it('starts the same from the same seed, differently from another, whatever else is built', () => {
  const kernel = (seed: number, before: boolean) => {
    const { scope, variable, dispose } = newScope(seed);
    if (before) buildDense(scope.child('other'), float(3), 3);
    buildDense(scope.child('layer'), float(3), 3);
    const values = [...variable('layer/kernel').dataSync()];
    dispose();
    return values;
  };
  expect(kernel(1, false)).toEqual(kernel(1, true));
  expect(kernel(1, false)).not.toEqual(kernel(2, false));
});

it('agrees between cpu and wasm, gradients included, and leaks no tensor', async () => {
  const run = () =>
    outputAndGradients((scope) => {
      const layer = buildDense(scope, float(3, 4), 5, { activation: 'gelu' });
      return (step) => layer.apply(numbers([7, 3, 4]), step);
    });
  const cpu = await onBackend('cpu', run);
  const before = tf.memory().numTensors;
  run();
  expect(tf.memory().numTensors).toBe(before);
  const wasm = await onBackend('wasm', run);
  expect(difference(cpu.output, wasm.output)).toBeLessThan(1e-5);
  for (const [path, values] of Object.entries(cpu.gradients)) {
    expect(difference(values, wasm.gradients[path] as number[]), path).toBeLessThan(1e-5);
  }
});

it('says what is wrong', () => {
  const { scope } = newScope();
  expect(errorOf(() => buildDense(scope, float(2), 0)).code).toBe('POLYTASK_INVALID_OPTION');
  expect(errorOf(() => buildDense(scope, float(2), 2, { activation: 'softmax' as never })).code).toBe(
    'POLYTASK_INVALID_OPTION',
  );
  const { code, message } = errorOf(() => buildDense(scope.child('late'), float(), 2));
  expect(code).toBe('POLYTASK_SHAPE_MISMATCH');
  expect(message).toContain('`late`');
});

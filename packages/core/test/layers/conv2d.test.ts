import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { buildConv2d } from '../../src/layers/conv2d.js';
import { difference, errorOf, evaluating, float, newScope, numbers, onBackend } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('has the output shape that it says', () => {
  const side = fc.integer({ min: 3, max: 8 });
  const options = fc.record({
    kernelSize: fc.integer({ min: 1, max: 3 }),
    strides: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('valid' as const, 'same' as const),
  });
  fc.assert(
    fc.property(
      side,
      side,
      fc.integer({ min: 1, max: 3 }),
      options,
      fc.constantFrom(1, 7),
      (height, width, filters, given, rows) => {
        const { scope, dispose } = newScope();
        const layer = buildConv2d(scope, float(height, width, 2), filters, given);
        tf.tidy(() => {
          const y = layer.apply(tf.zeros([rows, height, width, 2]), evaluating);
          expect(y.shape).toEqual([rows, ...layer.output.shape]);
        });
        dispose();
      },
    ),
    { numRuns: 40 },
  );
});

it('convolves as by hand', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildConv2d(scope.child('layer'), float(2, 3, 1), 1, { kernelSize: 2, activation: 'relu' });
  tf.tidy(() => {
    variable('layer/kernel').assign(tf.tensor4d([1, 0, 0, -1], [2, 2, 1, 1]));
    variable('layer/bias').assign(tf.tensor1d([1]));
    const image = tf.tensor4d([1, 2, 3, 4, 0, 9], [1, 2, 3, 1]);
    // 1·1 − 0 + 1 = 2 and 1·2 − 9 + 1 = −6.
    expect([...layer.apply(image, evaluating).dataSync()]).toEqual([2, 0]);
  });
  dispose();
});

it('agrees between cpu and wasm in the forward pass', async () => {
  const run = () => {
    const { scope, dispose } = newScope();
    const layer = buildConv2d(scope, float(6, 6, 3), 4, { padding: 'same', activation: 'elu' });
    const output = tf.tidy(() => [...layer.apply(numbers([2, 6, 6, 3]), evaluating).dataSync()]);
    dispose();
    return output;
  };
  expect(difference(await onBackend('cpu', run), await onBackend('wasm', run))).toBeLessThan(1e-5);
});

it('has the gradient that finite differences give, and leaks no tensor', () => {
  const { scope, variable, dispose } = newScope();
  const layer = buildConv2d(scope.child('layer'), float(4, 4, 2), 2, { activation: 'tanh' });
  const kernel = variable('layer/kernel');
  const loss = () => tf.sum(tf.square(layer.apply(numbers([2, 4, 4, 2]), evaluating))) as tf.Scalar;
  const before = tf.memory().numTensors;
  const exact = tf.tidy(
    () => (tf.variableGrads(loss, [kernel]).grads[kernel.name] as tf.Tensor).dataSync()[5] as number,
  );
  expect(tf.memory().numTensors).toBe(before);
  const start = kernel.dataSync().slice();
  const at = (shift: number) =>
    tf.tidy(() => {
      const moved = start.slice();
      moved[5] = (moved[5] as number) + shift;
      kernel.assign(tf.tensor(moved, kernel.shape));
      return loss().dataSync()[0] as number;
    });
  expect((at(1e-2) - at(-1e-2)) / 2e-2).toBeCloseTo(exact, 2);
  dispose();
});

it('says what is wrong', () => {
  const { scope } = newScope();
  expect(errorOf(() => buildConv2d(scope, float(8), 4)).code).toBe('POLYTASK_SHAPE_MISMATCH');
  expect(errorOf(() => buildConv2d(scope, float(2, 2, 1), 4)).message).toContain("padding 'same'");
  expect(errorOf(() => buildConv2d(scope, float(4, 4, 1), 4, { strides: 0 })).message).toContain('`strides`');
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { buildEncoder } from '../../src/encoders/build-encoder.js';
import { convNet } from '../../src/encoders/conv-net.js';
import { activate } from '../../src/layers/activation.js';
import { difference, errorOf, evaluating, float, newScope, newStep, numbers, onBackend } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('is a LeNet by default', () => {
  const { scope, registry, dispose } = newScope();
  const built = buildEncoder(convNet(), scope, { image: float(28, 28, 1) });
  expect(built.stages.map((stage) => stage.output.shape)).toEqual([[12, 12, 10], [4, 4, 20], [50]]);
  expect(registry.map(({ path, variable }) => [path, variable.shape])).toEqual([
    ['conv0/kernel', [5, 5, 1, 10]],
    ['conv0/bias', [10]],
    ['conv1/kernel', [5, 5, 10, 20]],
    ['conv1/bias', [20]],
    ['dense0/kernel', [320, 50]],
    ['dense0/bias', [50]],
  ]);
  dispose();
});

it('has the shapes that it says, or says that the image is too small', () => {
  const options = fc.record({
    filters: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
    kernelSize: fc.integer({ min: 1, max: 4 }),
    pool: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('valid' as const, 'same' as const),
    dense: fc.constantFrom([], [3]),
  });
  const side = fc.integer({ min: 3, max: 12 });
  fc.assert(
    fc.property(options, side, side, fc.constantFrom(1, 7), (given, height, width, rows) => {
      const { scope, dispose } = newScope();
      const inputs = { image: float(height, width, 2) };
      const { code } = errorOf(() => convNet(given).stages(inputs));
      // What a plain count of layers gives.
      let left = Math.min(height, width);
      for (const _ of given.filters) {
        left = Math.floor((given.padding === 'valid' ? left - given.kernelSize + 1 : left) / given.pool);
      }
      expect(code).toBe(left < 1 ? 'POLYTASK_IMAGE_TOO_SMALL' : 'nothing thrown');
      if (left < 1) return;
      const built = buildEncoder(convNet(given), scope, inputs);
      tf.tidy(() => {
        const y = built.apply({ image: tf.zeros([rows, height, width, 2]) }, evaluating);
        expect(y.shape).toEqual([rows, ...built.output.shape]);
      });
      dispose();
    }),
    { numRuns: 50 },
  );
});

it('takes images without channels, of whole numbers too', () => {
  const { scope, dispose } = newScope();
  const built = buildEncoder(convNet({ filters: [2], dense: [3] }), scope, {
    image: { shape: [6, 6], dtype: 'int32' },
  });
  tf.tidy(() => {
    expect(built.apply({ image: tf.ones([1, 6, 6], 'int32') }, evaluating).shape).toEqual([1, 3]);
  });
  dispose();
});

it('gives the same as activation before pooling, gradients included', () => {
  const { scope, variable, dispose } = newScope();
  const built = buildEncoder(convNet({ filters: [2], kernelSize: 3, dense: [], activation: 'tanh' }), scope, {
    image: float(8, 8, 1),
  });
  const [kernel, bias] = [variable('conv0/kernel'), variable('conv0/bias')];
  const image = numbers([3, 8, 8, 1]) as tf.Tensor4D;
  const textbook = () =>
    tf.maxPool(
      activate(tf.add(tf.conv2d(image, kernel as never, 1, 'valid'), bias), 'tanh') as tf.Tensor4D,
      2,
      2,
      'valid',
    );
  const measure = (forward: () => tf.Tensor) =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(forward())), [kernel, bias]);
      return [...value.dataSync(), ...(grads[kernel.name] as tf.Tensor).dataSync()];
    });
  expect(
    difference(
      measure(() => built.apply({ image }, evaluating)),
      measure(textbook),
    ),
  ).toBeLessThan(1e-4);
  image.dispose();
  dispose();
});

it('normalises and drops where asked for, and leaks no tensor', () => {
  const { scope, registry, paths, dispose } = newScope();
  const built = buildEncoder(convNet({ filters: [2], batchNorm: true, dropout: 0.5, dense: [3] }), scope, {
    x: float(6, 6, 1),
  });
  expect(paths()).toContain('conv0/batchNorm/movingMean');
  expect(paths()).not.toContain('conv0/bias');
  const trainable = registry.filter((one) => one.trainable).map((one) => one.variable);
  const train = () =>
    tf.tidy(() => {
      const step = newStep(true);
      const { grads } = tf.variableGrads(() => tf.sum(built.apply({ x: numbers([2, 6, 6, 1]) }, step)), trainable);
      expect(Object.keys(grads)).toHaveLength(trainable.length);
      expect(step.asked).toEqual(['dense0/dropout [2, 3]']);
    });
  train();
  const before = tf.memory().numTensors;
  train();
  expect(tf.memory().numTensors).toBe(before);
  dispose();
});

it('agrees between cpu and wasm in the forward pass', async () => {
  const run = () => {
    const { scope, dispose } = newScope();
    const built = buildEncoder(convNet(), scope, { x: float(20, 20) });
    const output = tf.tidy(() => [...built.apply({ x: numbers([2, 20, 20]) }, evaluating).dataSync()]);
    dispose();
    return output;
  };
  expect(difference(await onBackend('cpu', run), await onBackend('wasm', run))).toBeLessThan(1e-5);
});

it('says what is wrong', () => {
  const { message } = errorOf(() => convNet().stages({ digit: float(8, 28, 1) }));
  expect(message).toMatch(/at least 16×16 pixels.*`digit` has 8×28/);
  expect(errorOf(() => convNet().stages({ x: float(784) })).code).toBe('POLYTASK_SHAPE_MISMATCH');
  expect(errorOf(() => convNet().stages({ x: float(4, 4, 4, 4) })).code).toBe('POLYTASK_SHAPE_MISMATCH');
  expect(errorOf(() => convNet({ filters: [] })).message).toContain('mlp');
  expect(errorOf(() => convNet({ pool: 0 })).message).toContain('`pool`');
  expect(errorOf(() => convNet({ padding: 'full' as never })).message).toContain('`padding`');
  expect(errorOf(() => convNet().stages({ a: float(28, 28), b: float(28, 28) })).message).toContain('fusion');
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { buildConv1d } from '../../src/layers/conv1d.js';
import { errorOf, evaluating, float, newScope, numbers } from '../helpers/building.js';
import { expectSameOnWasm, expectSlopes } from '../helpers/slopes.js';

beforeAll(() => tf.setBackend('cpu'));

const paddings = ['valid', 'same', 'causal'] as const;

it('is what tf.conv1d is', () => {
  const size = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(
      fc.record({ length: fc.integer({ min: 5, max: 12 }), channels: size, filters: size, kernelSize: size }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(...paddings),
      fc.constantFrom(1, 3),
      ({ length, channels, filters, kernelSize }, strides, padding, rows) => {
        const { scope, variable, dispose } = newScope();
        const layer = buildConv1d(scope, float(length, channels), filters, { kernelSize, strides, padding });
        tf.tidy(() => {
          variable('bias').assign(numbers([filters], 5));
          const x = numbers([rows, length, channels]) as tf.Tensor3D;
          const given =
            padding === 'causal'
              ? tf.pad(x, [
                  [0, 0],
                  [kernelSize - 1, 0],
                  [0, 0],
                ])
              : x;
          const kernel = variable('kernel') as tf.Tensor3D;
          const expected = tf.add(
            tf.conv1d(given as tf.Tensor3D, kernel, strides, padding === 'same' ? 'same' : 'valid'),
            variable('bias'),
          );
          const found = layer.apply(x, evaluating);
          expect(found.shape).toEqual(expected.shape);
          expect(layer.output).toEqual(float(...expected.shape.slice(1)));
          const wanted = expected.dataSync();
          for (const [i, value] of found.dataSync().entries()) expect(value).toBeCloseTo(wanted[i] as number, 4);
        });
        dispose();
      },
    ),
    { numRuns: 100 },
  );
});

it('sees nothing that comes later, where it is causal', () => {
  const { scope, dispose } = newScope();
  const layer = buildConv1d(scope, float(6, 2), 3, { padding: 'causal' });
  tf.tidy(() => {
    const x = numbers([1, 6, 2]);
    const changed = tf.concat([tf.slice(x, [0, 0, 0], [1, 4, 2]), tf.ones([1, 2, 2])], 1);
    const [one, other] = [x, changed].map((given) => layer.apply(given, evaluating).arraySync() as number[][][]);
    expect(other?.[0]?.slice(0, 4)).toEqual(one?.[0]?.slice(0, 4));
    expect(other?.[0]?.[4]).not.toEqual(one?.[0]?.[4]);
  });
  dispose();
});

it.each(paddings.flatMap((padding) => [1, 2].map((strides) => [padding, strides] as const)))(
  'has the gradient of finite differences (%s, every %d.)',
  (padding, strides) => {
    expectSlopes([[2, 7, 3]], (scope) => {
      const layer = buildConv1d(scope, float(7, 3), 4, { padding, strides, activation: 'tanh' });
      return (x) => layer.apply(x as tf.Tensor, evaluating);
    });
  },
);

it('trains on wasm as on cpu', async () => {
  await expectSameOnWasm((scope) => {
    const layer = buildConv1d(scope, float(7, 3), 4, { padding: 'same', strides: 2, activation: 'relu' });
    return (step) => layer.apply(numbers([3, 7, 3]), step);
  });
});

it('says what is wrong', () => {
  const { scope } = newScope();
  expect(errorOf(() => buildConv1d(scope, float(7, 3), 0)).message).toContain('`filters`');
  expect(errorOf(() => buildConv1d(scope, float(7, 3), 2, { padding: 'full' as never })).message).toContain('causal');
  expect(errorOf(() => buildConv1d(scope, float(7), 2)).code).toBe('POLYTASK_SHAPE_MISMATCH');
  expect(errorOf(() => buildConv1d(scope, float(2, 3), 2)).message).toContain('at least 3');
});

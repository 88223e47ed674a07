import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import type { InputSpec } from '../../src/contracts/batch.js';
import { type BuiltLayer, chainLayers } from '../../src/layers/layer.js';
import { evaluating, float } from '../helpers/building.js';

const plus =
  (amount: number) =>
  (input: InputSpec): BuiltLayer => ({
    output: { ...input, shape: [...input.shape, amount] },
    apply: (x) => tf.add(x, amount),
  });

it('builds each layer on what comes before, and applies them in order', () => {
  const chain = chainLayers(float(2), [plus(1), false, plus(10)]);
  expect(chain.output.shape).toEqual([2, 1, 10]);
  tf.tidy(() => {
    expect(chain.apply(tf.scalar(0), evaluating).arraySync()).toBe(11);
  });
});

it('gives the input back without layers', () => {
  const input = float(3);
  const chain = chainLayers(input, [false]);
  const x = tf.zeros([1, 3]);
  expect(chain.output).toBe(input);
  expect(chain.apply(x, evaluating)).toBe(x);
  x.dispose();
});

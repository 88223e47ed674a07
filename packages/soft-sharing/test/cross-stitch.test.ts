import { mlp, openScope, regression, type StepContext } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { crossStitch } from '../src/cross-stitch.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([5, 3], { activation: 'tanh' });
for (const units of ['channel', 'scalar'] as const) {
  const make = () => crossStitch({ encoder, units });
  for (const { name, run } of conformance('sharing', make)) test(`${units}: ${name}`, run);
}

/** Two tasks with a layer of two units each; their features before and after mixing, for one row. */
function mixedFeatures(options: { own?: number; units?: 'channel' | 'scalar' }, alpha?: readonly number[]) {
  const x = [0.5, -2];
  const { scope, bindings, variable, dispose } = openScope(['a', 'b']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const sharing = crossStitch({ encoder: mlp([2], { activation: 'linear' }), ...options });
  const bound = sharing.bind({ tasks: [regression('a'), regression('b')], inputs, scope, ...bindings } as never);
  const unit = variable('units/dense0');
  if (alpha !== undefined) unit.assign(tf.tensor([...alpha], unit.shape));
  const state = bound.forward({ x: tf.tensor2d([x]) }, { training: false } as StepContext, {});
  const before = ['a', 'b'].map((task) => {
    const kernel = variable(`columns/${task}/dense0/kernel`).arraySync() as number[][];
    return [0, 1].map((j) => x.reduce((sum, value, i) => sum + value * (kernel[i]?.[j] as number), 0));
  });
  const after = ['a', 'b'].map((task) => Array.from((state.features[task] as tf.Tensor).dataSync()));
  dispose();
  return { before, after };
}

const expected = (before: number[][], weight: (i: number, j: number, channel: number) => number) =>
  before.map((_, i) =>
    [0, 1].map((c) => before.reduce((sum, features, j) => sum + weight(i, j, c) * (features[c] as number), 0)),
  );

const close = (found: number[][], wanted: number[][]) =>
  found.forEach((row, i) => {
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(wanted[i]?.[j] as number, 5);
    });
  });

test('starts with 0.9 of the own features and 0.1 of the other', () => {
  for (const units of ['channel', 'scalar'] as const) {
    const { before, after } = mixedFeatures({ units });
    close(
      after,
      expected(before, (i, j) => (i === j ? 0.9 : 0.1)),
    );
  }
});

test('mixes each channel by its own weights', () => {
  const alpha = [1, 2, 3, 4, 5, 6, 7, 8]; // [i, j, channel]
  const { before, after } = mixedFeatures({ units: 'channel' }, alpha);
  close(
    after,
    expected(before, (i, j, c) => alpha[i * 4 + j * 2 + c] as number),
  );
});

test('the identity leaves networks apart', () => {
  const { before, after } = mixedFeatures({ own: 1 });
  close(after, before);
});

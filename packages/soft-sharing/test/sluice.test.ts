import { convNet, mlp, openScope, regression, type StepContext } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossStitch } from '../src/cross-stitch.js';
import { type SluiceOptions, sluice } from '../src/sluice.js';

beforeAll(() => tf.setBackend('cpu'));

describe.each([
  ['vectors', () => sluice({ encoder: mlp([6, 4, 4], { activation: 'tanh' }) }), {}],
  [
    'images',
    () => sluice({ encoder: convNet({ filters: [2], dense: [4], kernelSize: 3 }), skips: false }),
    { inputs: { x: { shape: [4, 4, 1], dtype: 'float32' } } as const },
  ],
])('%s', (_, make, options) => {
  for (const { name, run } of conformance('sharing', make, options)) test(name, run);
});

const linear = { activation: 'linear' } as const;

/** A network of two tasks on one row: features at the heads, the penalty, and its variables. */
function open(options: Omit<SluiceOptions, 'encoder'>, widths: number[], set: Record<string, number[]> = {}) {
  const { scope, bindings, variable, registered, dispose } = openScope(['a', 'b']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const sharing = sluice({ encoder: mlp(widths, linear), ...options });
  const bound = sharing.bind({ tasks: [regression('a'), regression('b')], inputs, scope, ...bindings } as never);
  for (const [path, values] of Object.entries(set)) variable(path).assign(tf.tensor(values, variable(path).shape));
  const state = bound.forward({ x: tf.tensor2d([[0.5, -2]]) }, { training: false } as StepContext, {});
  const features = ['a', 'b'].map((task) => Array.from((state.features[task] as tf.Tensor).dataSync()));
  const penalty = bound.auxiliary?.[0]?.loss({} as never) as tf.Tensor | undefined;
  const values = Object.fromEntries(registered.map((one) => [one.path, Array.from(one.variable.dataSync())]));
  const found = { features, values, penalty: penalty?.dataSync()[0] };
  dispose();
  return found;
}

test('mixes subspaces of neighbouring channels between tasks', () => {
  const alpha = Array.from({ length: 16 }, (_, i) => i - 5);
  const { features, values } = open({}, [4], { 'units/dense0': alpha });
  // Row (t, s) of α by subspaces (a, 0), (a, 1), (b, 0), (b, 1).
  const before = ['a', 'b'].flatMap((task) => {
    const kernel = values[`columns/${task}/dense0/kernel`] as number[];
    const h = [0, 1, 2, 3].map((c) => 0.5 * (kernel[c] as number) - 2 * (kernel[4 + c] as number));
    return [h.slice(0, 2), h.slice(2)];
  });
  const wanted = [0, 1].map((t) =>
    [0, 1].flatMap((s) =>
      [0, 1].map((c) =>
        before.reduce((sum, part, j) => sum + (alpha[(2 * t + s) * 4 + j] as number) * (part[c] as number), 0),
      ),
    ),
  );
  features.flat().forEach((value, i) => {
    expect(value).toBeCloseTo(wanted.flat()[i] as number, 4);
  });
});

test('heads see a mixture of the stages that are as wide as the last', () => {
  const identity = Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0));
  const units = { 'units/dense0': identity, 'units/dense1': identity };
  const [none, all] = [
    open({ skips: false }, [4, 4], units),
    open({}, [4, 4], { ...units, 'stages/a': [0, 1], 'stages/b': [2, 0] }),
  ];
  expect(all.features[0]).toEqual(none.features[0]);
  const kernel = none.values['columns/b/dense0/kernel'] as number[];
  all.features[1]?.forEach((value, c) => {
    expect(value).toBeCloseTo(2 * (0.5 * (kernel[c] as number) - 2 * (kernel[4 + c] as number)), 5);
  });
  expect(open({}, [4, 4]).values['stages/a']?.map((value) => Math.round(value * 10) / 10)).toEqual([0.1, 0.9]);
  expect(Object.keys(open({}, [6, 4]).values).some((path) => path.startsWith('stages'))).toBe(false);
});

test('the penalty is ‖G₁ᵀ G₂‖² of the weights of two subspaces', () => {
  const kernels = { 'columns/a/dense0/kernel': [1, 2, 3, 4], 'columns/b/dense0/kernel': [0, 1, 0, 5] };
  // Widths of 1 each: (1·2 + 3·4)² + (0·1 + 0·5)².
  expect(open({}, [2], kernels).penalty).toBe(196);
  expect(open({ orthogonality: 0 }, [2]).penalty).toBeUndefined();
});

test('one subspace without skips is cross-stitch with a scalar', () => {
  const { scope, bindings, dispose } = openScope(['a', 'b']);
  const tasks = [regression('a'), regression('b')];
  const stitch = crossStitch({ encoder: mlp([3, 2], linear), units: 'scalar' });
  const bound = stitch.bind({ tasks, inputs: { x: { shape: [2], dtype: 'float32' } }, scope, ...bindings } as never);
  const { features } = bound.forward({ x: tf.tensor2d([[0.5, -2]]) }, { training: false } as StepContext, {});
  open({ subspaces: 1, skips: false }, [3, 2]).features.forEach((row, t) => {
    const wanted = Array.from((features['ab'[t] as string] as tf.Tensor).dataSync());
    row.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i] as number, 5);
    });
  });
  dispose();
});

test('refuses channels that do not fall into equal subspaces', () => {
  expect(() => open({}, [3])).toThrow('a divisor of the 3 channels of stage `dense0`');
});

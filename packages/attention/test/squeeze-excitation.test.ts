import { convNet, type InputSpecs, mlp } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { squeezeExcitation } from '../src/squeeze-excitation.js';
import { bind, listed, product } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([4, 3], { activation: 'tanh', dropout: 0.1 });
const make = () => squeezeExcitation({ encoder, reduction: 2, identity: false });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

const x = [
  [1, 2],
  [-3, 0.5],
];
const linear = mlp([3, 2], { activation: 'linear' });
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

test('gates the channels of each task after every stage', () => {
  const { forward, values, usedBy, dispose } = bind(
    squeezeExcitation({ encoder: linear, reduction: 1, identity: false }),
    ['a', 'b'],
  );
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  for (const task of ['a', 'b']) {
    let seen = x;
    for (const stage of ['dense0', 'dense1']) {
      seen = product(seen, values(`trunk/${stage}/kernel`));
      const squeezed = product(seen, values(`gates/${task}/${stage}/squeeze/kernel`)).map((row) =>
        row.map((value) => Math.max(value, 0)),
      );
      const gate = product(squeezed, values(`gates/${task}/${stage}/excite/kernel`)).map((row) => row.map(sigmoid));
      closeTo(listed(intermediates[`gates/${task}/${stage}`]), gate);
      seen = seen.map((row, i) => row.map((value, j) => value * (gate[i]?.[j] as number)));
    }
    closeTo(listed(features[task]), seen);
    expect(usedBy(`gates/${task}/dense0/excite/kernel`)).toEqual([task]);
  }
  expect(usedBy('trunk/dense1/kernel')).toEqual(['a', 'b']);
  dispose();
});

test('starts as hard sharing: every gate is 1', () => {
  const { bound, forward, values, dispose } = bind(squeezeExcitation({ encoder: linear }), ['a', 'b']);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) }, { training: true });
  const plain = product(product(x, values('trunk/dense0/kernel')), values('trunk/dense1/kernel'));
  for (const task of ['a', 'b']) closeTo(listed(features[task]), plain);
  expect((bound.logged ?? []).map((name) => listed<number>(intermediates[name]))).toEqual([1, 1, 1, 1]);
  dispose();
});

test('squeezes maps to their means', () => {
  const images: InputSpecs = { x: { shape: [4, 4, 1], dtype: 'float32' } };
  const maps = convNet({ filters: [2], kernelSize: 1, pool: 1, dense: [], activation: 'linear' });
  const { forward, values, dispose } = bind(
    squeezeExcitation({ encoder: maps, reduction: 1, identity: false }),
    ['a'],
    images,
  );
  const pixels = tf.reshape(tf.range(0, 16), [1, 4, 4, 1]);
  const { features, intermediates } = forward({ x: pixels });
  const kernel = values<number[][][][]>('trunk/conv0/kernel')[0]?.[0]?.[0] as number[];
  const means = [kernel.map((weight) => 7.5 * weight)];
  const squeezed = product(means, values('gates/a/conv0/squeeze/kernel')).map((row) =>
    row.map((value) => Math.max(value, 0)),
  );
  const gate = product(squeezed, values('gates/a/conv0/excite/kernel')).map((row) => row.map(sigmoid));
  closeTo(listed(intermediates['gates/a/conv0']), gate);
  const last = listed<number[][][][]>(features.a)[0]?.[3]?.[3] as number[];
  closeTo(
    last,
    kernel.map((weight, j) => 15 * weight * (gate[0]?.[j] as number)),
  );
  dispose();
});

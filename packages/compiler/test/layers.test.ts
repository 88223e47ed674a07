// Core's layers within a model that trains: every program compiled, compared with eager when it is first run, and with the strict
// executor's parameters at the end.
import {
  type BuildScope,
  type BuiltLayer,
  buildAttention,
  buildConv1d,
  buildConv2d,
  buildLayerNorm,
  buildUpsampling,
  defineEncoder,
  type Encoder,
  type InputSpec,
  layerStage,
  reverseGradient,
} from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, test } from 'vitest';
import { compiled } from '../src/index.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = (build: (scope: BuildScope, input: InputSpec) => BuiltLayer): Encoder =>
  defineEncoder({ name: 'layer', stages: () => [layerStage('layer', 'layer', build)] });

function selfAttention(scope: BuildScope, input: InputSpec): BuiltLayer {
  const attention = buildAttention(scope, input, input, { heads: 2, width: 4, units: 3 });
  return {
    output: attention.output,
    apply(x, step) {
      const rows = x.shape[0] as number;
      // The last place is not there.
      const mask = tf.concat([tf.ones([rows, (x.shape[1] as number) - 1]), tf.zeros([rows, 1])], 1);
      return attention.apply(x, x, step, mask).features;
    },
  };
}

function decoder(interpolation: 'nearest' | 'bilinear') {
  return (scope: BuildScope, input: InputSpec): BuiltLayer => {
    const first = buildConv2d(scope.child('first'), input, 2, { padding: 'same', activation: 'tanh' });
    const larger = buildUpsampling(first.output, 2, interpolation);
    return { output: larger.output, apply: (x, step) => larger.apply(first.apply(x, step), step) };
  };
}

const [sequence, image, vector] = [[6, 3], [3, 4, 2], [5]];
const layers: [string, number[], (scope: BuildScope, input: InputSpec) => BuiltLayer][] = [
  ['layer normalisation', sequence, buildLayerNorm],
  ['convolution over sequences', sequence, (scope, x) => buildConv1d(scope, x, 4, { activation: 'tanh' })],
  ['causal convolution', sequence, (scope, x) => buildConv1d(scope, x, 4, { padding: 'causal' })],
  ['strided convolution', sequence, (scope, x) => buildConv1d(scope, x, 4, { padding: 'same', strides: 2 })],
  ['attention', sequence, selfAttention],
  ['nearest upsampling', image, decoder('nearest')],
  ['bilinear upsampling', image, decoder('bilinear')],
  [
    'gradient reversal',
    vector,
    (scope, x) => {
      const norm = buildLayerNorm(scope, x);
      return { ...norm, apply: (given, step) => reverseGradient(norm.apply(given, step), 0.5) };
    },
  ],
];

test.each(layers)('%s', async (_, shape, build) => {
  const refuse = (message: string) => {
    throw new Error(message);
  };
  const executors = { compiled: () => compiled({ threads: 1, verify: true, onFallback: refuse }) };
  const inputs: { x: InputSpec } = { x: { shape, dtype: 'float32' } };
  const checks = conformance('sharing', () => plainSharing(encoder(build)), { executors, inputs });
  await checks.find(({ name }) => name === 'gives the same numbers under compiled')?.run();
});

import { type InputSpecs, mlp, tabular } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { stem } from '../src/stem.js';
import { bind, listed, product, softmax, weighed } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const table: InputSpecs = {
  x: { shape: [2], dtype: 'float32' },
  station: { shape: [], dtype: 'int32', categories: [3] },
};
const make = () => stem({ embedding: tabular({ embeddingSize: 2 }), encoder: mlp([3], { activation: 'tanh' }) });
for (const { name, run } of conformance('sharing', make, {
  inputs: table,
  skip: {
    'works with forty tasks':
      'each of forty gates is over 41 experts: seconds, and nothing that three tasks do not show',
  },
})) {
  test(name, run);
}

const linear = mlp([2], { activation: 'linear' });
const x = [
  [1, 2],
  [-3, 0.5],
];

test('a task looks at all experts and teaches its own and the shared ones', () => {
  const tasks = ['a', 'b'];
  const sharing = stem({ embedding: linear, encoder: mlp([3], { activation: 'linear' }), taskExperts: 2 });
  const { forward, values, variable, usedBy, dispose } = bind(sharing, tasks);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const group = (place: string, experts: number) => {
    const embedding = product(x, values(`${place}/embedding/dense0/kernel`));
    const each = Array.from({ length: experts }, (_, k) =>
      product(embedding, values(`${place}/expert${k}/dense0/kernel`)),
    );
    return { embedding, each };
  };
  const [shared, a, b] = [group('shared', 1), group('own/a', 2), group('own/b', 2)];
  const experts = [...shared.each, ...a.each, ...b.each];
  for (const [task, { embedding }] of Object.entries({ a, b })) {
    const seen = embedding.map((row, i) => [...row, ...(shared.embedding[i] as number[])]);
    const gates = product(seen, values(`gates/${task}/kernel`)).map(softmax);
    closeTo(listed(intermediates[`gates/${task}`]), gates);
    closeTo(
      listed(features[task]),
      gates.map((gate, row) =>
        weighed(
          gate,
          experts.map((expert) => expert[row] as number[]),
        ),
      ),
    );
  }
  const paths = ['shared/embedding', 'own/a/embedding', 'own/b/embedding', 'own/b/expert0'];
  const kernels = paths.map((path) => variable(`${path}/dense0/kernel`));
  const { grads } = tf.variableGrads(
    () => tf.sum(forward({ x: tf.tensor2d(x) }).features.a as tf.Tensor) as tf.Scalar,
    kernels,
  );
  expect(kernels.map(({ name }) => (grads[name] ?? undefined) !== undefined)).toEqual([true, true, false, false]);
  expect(usedBy('own/b/expert0/dense0/kernel')).toEqual(['b']);
  dispose();
});

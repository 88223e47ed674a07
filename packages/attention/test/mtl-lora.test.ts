import { adam, createTrainer, layersModel, mlp, regression, tableDataset } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mtlLora } from '../src/mtl-lora.js';
import { bind, listed, product, softmax } from './bound.js';
import { closeTo } from './close-to.js';

await tf.setBackend('cpu');

const seeded = tf.initializers.glorotUniform({ seed: 3 });
const dense = (units: number, activation: 'tanh' | 'linear', inputShape?: [number]) => {
  const biasInitializer = tf.initializers.constant({ value: 0.3 });
  const start = { kernelInitializer: seeded, biasInitializer };
  return tf.layers.dense({ units, activation, ...start, ...(inputShape && { inputShape }) });
};
const pretrained = (inputs: number) =>
  tf.sequential({ layers: [dense(5, 'tanh', [inputs]), tf.layers.dropout({ rate: 0.5 }), dense(3, 'linear')] });
const four = pretrained(4);
const two = pretrained(2);
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => {
  four.dispose();
  two.dispose();
});

const make = () => mtlLora({ model: four, rank: 2 });
for (const { name, run } of conformance('sharing', make, { claims: ['order-of-tasks'] })) test(name, run);

const x = [
  [1, 2],
  [-3, 0.5],
];

test('starts as the pretrained network, for every task', () => {
  const { forward, dispose } = bind(mtlLora({ model: two }), ['a', 'b']);
  const { features } = forward({ x: tf.tensor2d(x) }, { training: true });
  const plain = listed<number[][]>(two.predict(tf.tensor2d(x)) as tf.Tensor);
  for (const task of ['a', 'b']) closeTo(listed(features[task]), plain);
  dispose();
});

test('adds what goes down, turns by the task, and goes up by its mixture', () => {
  const model = tf.sequential({ layers: [dense(3, 'tanh', [2])] });
  const sharing = mtlLora({ model, rank: 2, ups: 2, alpha: 3, temperature: 0.5 });
  const { forward, values, set, usedBy, dispose } = bind(sharing, ['a', 'b']);
  const ups = [0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, -0.8, 0.9, 1, -1.1, 1.2];
  set('lora/0/ups', ups);
  set('lora/0/a/turn', [1, 2, -1, 0.5]);
  set('lora/0/a/mixture', [0.5, -0.25]);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const shares = softmax([1, -0.5]);
  closeTo(listed(intermediates['lora/0/a']), shares);
  const up = [0, 1].map((r) =>
    [0, 1, 2].map((j) => shares.reduce((sum, share, i) => sum + share * (ups[6 * i + 3 * r + j] as number), 0)),
  );
  const turned = product(product(x, values('lora/0/down')), [
    [1, 2],
    [-1, 0.5],
  ]);
  const added = product(turned, up);
  const [kernel, bias] = model.getWeights().map((weight) => weight.arraySync()) as [number[][], number[]];
  const plain = product(x, kernel);
  closeTo(
    listed(features.a),
    plain.map((row, i) =>
      row.map((value, j) => Math.tanh(value + (bias[j] as number) + 1.5 * (added[i]?.[j] as number))),
    ),
  );
  expect(usedBy('lora/0/down')).toEqual(['a', 'b']);
  expect(usedBy('lora/0/b/turn')).toEqual(['b']);
  dispose();
  model.dispose();
});

test('trains without moving the weights of the model', async () => {
  const before = two.getWeights().map((weight) => weight.arraySync());
  const rows = { x: { data: Float32Array.from(x.flat()), shape: [2, 2] } };
  const train = tableDataset({ inputs: rows, columns: { a: Float32Array.of(1, 2), b: Float32Array.of(0, 1) } });
  const tasks = [regression('a'), regression('b')];
  const trainer = await createTrainer({ tasks, sharing: mtlLora({ model: two }), optimizer: adam(), seed: 1 });
  await trainer.fit(train, { epochs: 3, batchSize: 2 });
  expect(trainer.parameters?.layout.segments.some(({ path }) => path.startsWith('frozen'))).toBe(false);
  expect((await trainer.parameters?.read('lora/0/ups'))?.data.some((value) => value !== 0)).toBe(true);
  trainer.dispose();
  expect(two.getWeights().map((weight) => weight.arraySync())).toEqual(before);
});

test('takes an encoder of a model that exists, up to the layer that it names', () => {
  const [first] = two.layers as [tf.layers.Layer];
  const { variable, forward, dispose } = bind(mtlLora({ model: layersModel(two, { output: first.name }) }), ['a']);
  expect(variable('lora/0/down').shape).toEqual([2, 8]);
  const { features } = forward({ x: tf.tensor2d(x) });
  closeTo(listed(features.a), listed(first.apply(tf.tensor2d(x)) as tf.Tensor));
  dispose();
  for (const model of [mlp([4]), layersModel(() => pretrained(2))]) {
    expect(() => mtlLora({ model })).toThrow(/`model` must be a tf.LayersModel .*or an encoder of one that exists/);
  }
});

test('refuses models that branch, other inputs, and what is no model', () => {
  const input = tf.input({ shape: [2] });
  const sides = [dense(2, 'tanh'), dense(2, 'tanh')].map((layer) => layer.apply(input) as tf.SymbolicTensor);
  const branching = tf.model({ inputs: input, outputs: tf.layers.add().apply(sides) as tf.SymbolicTensor });
  expect(() => bind(mtlLora({ model: branching }), ['a'])).toThrow(/one chain/);
  branching.dispose();
  expect(() => bind(mtlLora({ model: four }), ['a'])).toThrow(
    expect.objectContaining({ code: 'POLYTASK_SHAPE_MISMATCH' }),
  );
  expect(() => mtlLora({ model: {} as never })).toThrow(/LayersModel/);
});

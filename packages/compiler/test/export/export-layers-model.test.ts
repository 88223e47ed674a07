import { convNet, layersModel, mlp, tabular } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { exportLayersModel, type LayersModelFiles } from '../../src/export/export-layers-model.js';
import { expected, rows, trained } from './trained.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Loads the files as a page would: over HTTP, by the address of `model.json`. */
function load(files: LayersModelFiles): Promise<tf.LayersModel> {
  const fetchFunc = async (address: string) => {
    const name = address.split('/').at(-1) as keyof LayersModelFiles;
    const json = name === 'model.json';
    const type = json ? 'application/json' : 'application/octet-stream';
    return new Response(files[name] as BodyInit, { headers: { 'Content-Type': type } });
  };
  return tf.loadLayersModel(tf.io.http('http://localhost/model.json', { fetchFunc: fetchFunc as never }));
}

const layers = () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [9, 9, 2],
        filters: 3,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'elu',
      }),
      tf.layers.depthwiseConv2d({ kernelSize: 2, activation: 'tanh' }),
      tf.layers.averagePooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5, activation: 'sigmoid' }),
    ],
  });

test.each([
  ['a multi-layer perceptron', mlp([8], { batchNorm: true }), [5], undefined],
  ['leaky activations', mlp([8, 4], { activation: 'leakyRelu' as 'relu' }), [5], undefined],
  ['convolutions', convNet({ filters: [3, 4], kernelSize: 3, dense: [7], batchNorm: true }), [12, 12, 1], undefined],
  [
    'convolutions with padding',
    convNet({ filters: [3], kernelSize: 3, padding: 'same', dense: [] }),
    [7, 7],
    undefined,
  ],
  ['layers of tfjs', layersModel(layers), [9, 9, 2], undefined],
  ['embeddings of one column', tabular({ units: [8] }), [1], [30]],
] as const)('exports %s, which tfjs loads and which predicts the same', async (_, encoder, shape, categories) => {
  const { trainer, data } = await trained(encoder, shape, categories);
  const before = tf.memory().numTensors;
  const files = await exportLayersModel(trainer);
  expect(tf.memory().numTensors).toBe(before);
  const model = await load(files);
  expect(model.outputNames).toEqual(['kind', 'high', 'price']);
  const size = shape.reduce<number>((a, b) => a * b, 1);
  for (const count of [1, rows]) {
    const x = { data: data.slice(0, count * size), shape: [count, ...shape] };
    const wanted = await expected(await trainer.inference(), x);
    const input = tf.tensor(x.data, x.shape, x.data instanceof Int32Array ? 'int32' : 'float32');
    (model.predict(input) as tf.Tensor[]).forEach((output, k) => {
      const numbers = wanted[model.outputNames[k] as string] as number[];
      expect(output.shape[0]).toBe(count);
      [...output.dataSync()].forEach((value, i) => {
        const other = numbers[i] as number;
        expect(Math.abs(value - other)).toBeLessThan(1e-5 * Math.max(1, Math.abs(other)));
      });
    });
  }
  trainer.dispose();
});

test('says in metadata what the model is', async () => {
  const { trainer } = await trained(mlp([4]), [3]);
  const { userDefinedMetadata } = JSON.parse((await exportLayersModel(trainer))['model.json']);
  expect(JSON.parse(userDefinedMetadata['polytask.tasks'])).toMatchObject([{ name: 'kind', output: 'kind' }, {}, {}]);
  trainer.dispose();
});

test('refuses what tfjs has no layer for', async () => {
  const { trainer } = await trained(tabular({ units: [8] }), [2], [30, 4]);
  await expect(exportLayersModel(trainer)).rejects.toMatchObject({
    code: 'POLYTASK_EXPORT_LAYERS',
    message: expect.stringContaining('Export it to ONNX instead'),
  });
  trainer.dispose();
});

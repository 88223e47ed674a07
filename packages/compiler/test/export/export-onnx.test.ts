import { convNet, createTrainer, mlp, regression, tabular } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { exportOnnx } from '../../src/export/export-onnx.js';
import { nodeRuntime } from '../../src/run/runtime/node.js';
import type { RuntimeTensor } from '../../src/run/runtime/runtime.js';
import { webRuntime } from '../../src/run/runtime/web.js';
import { messages, readWire, strings } from '../lower/onnx/wire.js';
import { expected, rows, trained } from './trained.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test.each([
  ['a multi-layer perceptron', mlp([8]), [5], undefined],
  ['convolutions', convNet({ filters: [3, 4], kernelSize: 3, dense: [7] }), [12, 12, 1], undefined],
  ['images without channels', convNet({ filters: [3], kernelSize: 3, dense: [] }), [8, 8], undefined],
  ['embeddings', tabular({ units: [8] }), [2], [30, 4]],
] as const)('exports %s, which predicts the same for any number of rows', async (_, encoder, shape, categories) => {
  const { trainer, data } = await trained(encoder, shape, categories);
  const bytes = await exportOnnx(trainer);
  const size = shape.reduce<number>((a, b) => a * b, 1);
  for (const runtime of [await nodeRuntime(), await webRuntime()]) {
    const session = await runtime.open(bytes, { threads: 1 });
    for (const count of [1, 5, rows]) {
      const x = { data: data.slice(0, count * size), shape: [count, ...shape] };
      const type = x.data instanceof Int32Array ? 'int32' : 'float32';
      const found = await session.run({ x: { ...x, type } }, { kind: null, high: null, price: null });
      const wanted = await expected(await trainer.inference(), x);
      expect(Object.keys(found)).toEqual(['kind', 'high', 'price']);
      for (const [task, { data: values, shape: found0 }] of Object.entries(found) as [string, RuntimeTensor][]) {
        expect(found0[0]).toBe(count);
        [...(values as Float32Array)].forEach((value, i) => {
          const other = wanted[task]?.[i] as number;
          expect(Math.abs(value - other)).toBeLessThan(1e-5 * Math.max(1, Math.abs(other)));
        });
      }
    }
    await session.dispose();
  }
  trainer.dispose();
});

test('exports rotations between what is shared and the heads', async () => {
  const { trainer, data } = await trained(mlp([8]), [5], undefined, 2);
  const x = { data: data as Float32Array, shape: [rows, 5] };
  const start = await expected(await trainer.inference(), x);
  const model = await trainer.model();
  const quarter = { data: Float32Array.of(0, -1, 1, 0), shape: [2, 2] };
  await trainer.loadModel({ ...model, variables: { ...model.variables, 'rotations/price/matrix': quarter } });
  const session = await (await nodeRuntime()).open(await exportOnnx(trainer), { threads: 1 });
  const found = await session.run({ x: { ...x, type: 'float32' } }, { high: null, price: null });
  const wanted = await expected(await trainer.inference(), x);
  expect([wanted.high, wanted.price?.join() === start.price?.join()]).toEqual([start.high, false]);
  for (const task of ['high', 'price']) {
    wanted[task]?.forEach((value, i) => {
      expect(found[task]?.data[i]).toBeCloseTo(value, 4);
    });
  }
  await session.dispose();
  trainer.dispose();
});

test('exports for one batch size where that is asked for', async () => {
  const { trainer, data } = await trained(mlp([4]), [3]);
  const session = await (await nodeRuntime()).open(await exportOnnx(trainer, { batch: 2 }), { threads: 1 });
  const feed = (count: number) => ({
    x: { type: 'float32' as const, shape: [count, 3], data: data.slice(0, count * 3) },
  });
  expect((await session.run(feed(2), { kind: null })).kind?.shape).toEqual([2, 3]);
  await expect(session.run(feed(3), { kind: null })).rejects.toThrow(/must have shape \[2, 3\]/);
  await session.dispose();
  trainer.dispose();
});

test('says in metadata what the model is', async () => {
  const { trainer } = await trained(mlp([4]), [3]);
  const model = readWire(await exportOnnx(trainer, { metadata: { author: 'me' } }));
  const entries = Object.fromEntries(
    messages(model, 14).map((entry) => [strings(entry, 1)[0], strings(entry, 2)[0]]),
  ) as Record<string, string>;
  expect(JSON.parse(entries['polytask.tasks'] as string)).toMatchObject([
    { name: 'kind', type: 'classification', output: 'kind', classes: ['cat', 'dog', 'bird'] },
    { name: 'high', type: 'binary', output: 'high', classes: ['low', 'high'] },
    { name: 'price', type: 'regression', output: 'price', unit: 'EUR' },
  ]);
  expect(JSON.parse(entries['polytask.inputs'] as string)).toEqual({ x: { shape: [3], dtype: 'float32' } });
  expect(entries['polytask.version']).toBe('1');
  expect(entries.author).toBe('me');
  trainer.dispose();
});

test('refuses batch sizes that are none, and models that are not built', async () => {
  const trainer = await createTrainer({
    tasks: [regression('price')],
    sharing: hardSharing({ encoder: mlp([4]) }),
  });
  await expect(exportOnnx(trainer, { batch: 0 })).rejects.toMatchObject({ code: 'POLYTASK_INVALID_OPTION' });
  await expect(exportOnnx(trainer)).rejects.toMatchObject({ code: 'POLYTASK_NO_MODEL' });
});

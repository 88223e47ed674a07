import { createTrainer, fusion, type InputPrologue, mlp, regression, tableDataset } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import * as ortNode from 'onnxruntime-node';
import * as ortWeb from 'onnxruntime-web';
import { beforeAll, expect, test } from 'vitest';
import { exportOnnx } from '../../src/export/export-onnx.js';
import { messages, readWire, strings } from '../lower/onnx/wire.js';
import { trained } from './trained.js';

ortWeb.env.wasm.numThreads = 1;
const runtimes = [ortNode, ortWeb as unknown as typeof ortNode];

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/**
 * Three numbers of two columns: twice the first, the second as it is, and 1 where a text is "big"; rows whose text is "none" are
 * refused. Columns are called like tensors and tasks.
 */
const prologue: InputPrologue = {
  inputs: {
    x: { dtype: 'float64', shape: [], unit: 'm' },
    t0: { dtype: 'float32', shape: [1] },
    price: { dtype: 'string', shape: [] },
  },
  constants: [
    { name: 'two', type: 'float64', shape: [], data: Float64Array.of(2) },
    { name: 'axes', type: 'int64', shape: [1], data: BigInt64Array.of(1n) },
    { name: 'ids', type: 'float32', shape: [2], data: Float32Array.of(0, 1) },
    { name: 'depth', type: 'int64', shape: [1], data: BigInt64Array.of(2n) },
  ],
  nodes: [
    { op: 'Mul', inputs: ['x', 'two'], outputs: ['doubled'] },
    { op: 'Cast', inputs: ['doubled'], outputs: ['cast'], attributes: { to: { int: 1 } } },
    { op: 'Unsqueeze', inputs: ['cast', 'axes'], outputs: ['first'] },
    {
      op: 'LabelEncoder',
      domain: 'ai.onnx.ml',
      inputs: ['price'],
      outputs: ['id'],
      attributes: {
        keys_strings: { strings: ['big', 'größer'] },
        values_int64s: { ints: [1, 1] },
        default_int64: { int: 0 },
      },
    },
    { op: 'OneHot', inputs: ['id', 'depth', 'ids'], outputs: ['hot'] },
    { op: 'Slice', inputs: ['hot', 'axes', 'depth', 'axes'], outputs: ['third'] },
    { op: 'Concat', inputs: ['first', 't0', 'third'], outputs: ['all'], attributes: { axis: { int: 1 } } },
    { op: 'RegexFullMatch', inputs: ['price'], outputs: ['bad'], attributes: { pattern: { string: 'none' } } },
  ],
  outputs: { x: 'all' },
  refused: 'bad',
};

const rows = [
  { x: 0.25, t0: -1, price: 'big' },
  { x: -0.5, t0: 0.5, price: 'none' },
  { x: 1e-3, t0: 2, price: 'größer' },
  { x: 0.75, t0: 0.125, price: '' },
];

test('puts what makes the inputs before the model, and NaN for rows that are refused', async () => {
  const { trainer } = await trained(mlp([4]), [3]);
  const big = (price: string) => (price === 'big' || price === 'größer' ? 1 : 0);
  const encoded = Float32Array.from(rows.flatMap(({ x, t0, price }) => [2 * x, t0, big(price)]));
  const own = await trainer.predict({ x: { data: encoded, shape: [4, 3] } });
  for (const batch of ['dynamic', 4, 1] as const) {
    const bytes = await exportOnnx(trainer, { prologue, batch });
    for (const ort of runtimes) {
      const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
      expect(session.inputNames).toEqual(['x', 't0', 'price']);
      expect(session.outputNames).toEqual(['kind', 'high', 'price/prediction']);
      for (const count of batch === 'dynamic' ? [4, 1] : [batch]) {
        const some = rows.slice(0, count);
        const found = await session.run({
          x: new ort.Tensor(
            'float64',
            Float64Array.from(some, ({ x }) => x),
            [count],
          ),
          t0: new ort.Tensor(
            'float32',
            Float32Array.from(some, ({ t0 }) => t0),
            [count, 1],
          ),
          price: new ort.Tensor(
            'string',
            some.map(({ price }) => price),
            [count],
          ),
        });
        const kinds = found.kind?.data as Float32Array;
        expect(found.kind?.dims).toEqual([count, 3]);
        some.forEach((_, row) => {
          const price = found['price/prediction']?.data[row];
          const probabilities = [...kinds.subarray(3 * row, 3 * row + 3)];
          if (row === 1) expect([price, ...probabilities]).toEqual([NaN, NaN, NaN, NaN]);
          else {
            expect(price).toBeCloseTo(own.price[row] as number, 3);
            probabilities.forEach((one, k) => {
              expect(one).toBeCloseTo(own.kind[row]?.probabilities[k] as number, 6);
            });
          }
        });
      }
      await session.release();
    }
  }
  trainer.dispose();
});

test('tells the inputs of the prologue in the metadata', async () => {
  const { trainer } = await trained(mlp([4]), [3]);
  const model = readWire(await exportOnnx(trainer, { prologue }));
  const entries = messages(model, 14).map((entry) => [strings(entry, 1)[0], strings(entry, 2)[0]]);
  const { 'polytask.inputs': inputs, 'polytask.tasks': tasks } = Object.fromEntries(entries);
  expect(JSON.parse(inputs)).toEqual(prologue.inputs);
  expect(JSON.parse(tasks)).toMatchObject([{}, {}, { name: 'price', output: 'price/prediction' }]);
  trainer.dispose();
});

test('leaves inputs alone that the prologue does not make', async () => {
  const dataset = tableDataset({
    inputs: { x: { data: [1, 2, 3, 4, 5, 6], shape: [2, 3] }, 'image/raw': { data: [0, 1, 1, 0], shape: [2, 2] } },
    columns: { y: [1, 2] },
  });
  const trainer = await createTrainer({
    tasks: [regression('y')],
    sharing: hardSharing({ encoder: fusion({ x: mlp([3]), 'image/raw': mlp([2]) }) }),
    seed: 1,
  });
  await trainer.fit(dataset, { epochs: 1, batchSize: 2 });
  const [{ x, t0, price }] = rows as [(typeof rows)[0]];
  const own = await trainer.predict({
    x: { data: Float32Array.of(2 * x, t0, 1), shape: [1, 3] },
    'image/raw': { data: Float32Array.of(3, 4), shape: [1, 2] },
  });
  const session = await ortNode.InferenceSession.create(await exportOnnx(trainer, { prologue }));
  expect(session.inputNames).toEqual(['x', 't0', 'price', 'image/raw']);
  const { y } = await session.run({
    x: new ortNode.Tensor('float64', Float64Array.of(x), [1]),
    t0: new ortNode.Tensor('float32', Float32Array.of(t0), [1, 1]),
    price: new ortNode.Tensor('string', [price], [1]),
    'image/raw': new ortNode.Tensor('float32', Float32Array.of(3, 4), [1, 2]),
  });
  expect(y?.data[0]).toBeCloseTo(own.y[0] as number, 5);
  await session.release();

  const refuse = async (change: Partial<InputPrologue>, what: string) =>
    expect(exportOnnx(trainer, { prologue: { ...prologue, ...change } })).rejects.toMatchObject({
      code: 'POLYTASK_INVALID_OPTION',
      message: expect.stringContaining(what),
    });
  await refuse({ outputs: { z: 'all' } }, 'prologue.outputs');
  const inputs = { ...prologue.inputs, 'image/raw': { dtype: 'float32', shape: [] } } as const;
  await refuse({ inputs }, 'prologue.inputs');
  trainer.dispose();
});

import {
  type AnyTask,
  createTrainer,
  lastBatchFor,
  layersModel,
  mlp,
  type SharingStrategy,
  tableDataset,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { leavingNoTensor, makeTable, mixedTasks } from './fixtures.js';

const keep = leavingNoTensor();

const normal = () => tinySharing(mlp([4], { batchNorm: true }));
const layers = (make: () => tf.LayersModel) => tinySharing(layersModel(make));
const dense = (...more: tf.layers.Layer[]) =>
  layers(() =>
    tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: 4 }), ...more, tf.layers.dense({ units: 2 })] }),
  );
const open = async (sharing: SharingStrategy) =>
  keep(await createTrainer({ tasks: mixedTasks() as readonly AnyTask[], sharing, inputs: table(4).inputs }));
const table = (rows: number) => makeTable(rows, 'rows', false);

describe.each([
  ['BatchNorm of core', normal, /`trunk\/dense0\/batchNorm`/],
  ["BatchNorm of a tf.LayersModel's", () => dense(tf.layers.batchNormalization()), /1-BatchNormalization`/],
] as const)('%s', (_, sharing, layer) => {
  it('refuses single rows before the first step, and says what to do', async () => {
    const trainer = await open(sharing());
    const refused = async (rows: number, options: { batchSize?: number; lastBatch?: 'keep' | 'drop' }) => {
      const error = await trainer.fit(table(rows), { epochs: 1, ...options }).catch((reason: unknown) => reason);
      expect((error as Error).message).toMatch(layer);
      const { code, option } = error as { code: string; option?: string };
      return [code, option, (error as Error).message];
    };
    const wrong = 'POLYTASK_INVALID_OPTION';
    expect(await refused(8, { batchSize: 1 })).toEqual([
      wrong,
      'batchSize',
      expect.stringMatching(/at least 2 .*is 1/),
    ]);
    expect(await refused(33, { lastBatch: 'keep' })).toEqual([
      wrong,
      'lastBatch',
      expect.stringMatching(/'drop' .*33 rows, batchSize 32.*is "keep"\. Or take another batchSize/),
    ]);
    expect(await refused(1, {})).toEqual(['POLYTASK_DATASET', undefined, expect.stringMatching(/at least 2 .*is 1/)]);
    expect(trainer.history?.steps).toBe(0);
  });

  it('leaves out a last batch of one row unless told, and keeps one of two', async () => {
    const steps = async (rows: number) =>
      (await (await open(sharing())).fit(table(rows), { epochs: 1, batchSize: 4 })).steps;
    expect([await steps(8), await steps(9), await steps(10)]).toEqual([2, 2, 3]);
  });
});

it('leaves single rows alone where nothing normalises over them', async () => {
  for (const sharing of [() => tinySharing(mlp([4])), () => dense()]) {
    expect((await (await open(sharing())).fit(table(3), { epochs: 1, batchSize: 1 })).steps).toBe(3);
    expect((await (await open(sharing())).fit(table(3), { epochs: 1, batchSize: 2 })).steps).toBe(2);
  }
  // An image has a mean of its own.
  const inputs = { x: { data: new Float32Array(3 * 16), shape: [3, 4, 4, 1] } };
  const images = tableDataset({ inputs, columns: { kind: Int32Array.of(0, 1, 2), level: Float32Array.of(1, 2, 3) } });
  const conv = layers(() =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3 }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
      ],
    }),
  );
  const trainer = keep(await createTrainer({ tasks: mixedTasks() as readonly AnyTask[], sharing: conv }));
  expect((await trainer.fit(images, { epochs: 1, batchSize: 1 })).steps).toBe(3);
});

it('asks a schedule for rows, and not the size of the data', async () => {
  const { parameters } = await open(normal());
  const { layout } = parameters as NonNullable<typeof parameters>;
  expect(lastBatchFor(layout, 33, { batchSize: 32, lastBatch: 'keep', scheduled: true })).toBe('keep');
  expect(() => lastBatchFor(layout, 33, { batchSize: 1, scheduled: true })).toThrow(/batchSize/);
});

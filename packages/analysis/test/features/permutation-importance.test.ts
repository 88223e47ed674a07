import { adam, createTrainer, mlp, regression, tableDataset, uniformFloats } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { permutationImportance } from '../../src/features/permutation-importance.js';
import { readRows } from '../../src/features/read-rows.js';
import { unitAblation } from '../../src/features/unit-ablation.js';
import { oneTrunk } from '../one-trunk.js';

beforeAll(() => tf.setBackend('cpu'));

// Tasks a and b need the first number, c the second number; nobody needs the third.
const rows = 160;
const x = uniformFloats(rows * 3, 'importance').map((u) => 2 * u - 1);
const column = (of: (u: number, v: number) => number) =>
  Float32Array.from({ length: rows }, (_, n) => of(x[3 * n] as number, x[3 * n + 1] as number));
const data = tableDataset({
  inputs: { x: { data: x, shape: [rows, 3] } },
  columns: { a: column((u) => 3 * u), b: column((u) => -2 * u + 1), c: column((_, v) => 4 * v) },
});
const tasks = [regression('a'), regression('b'), regression('c')] as const;

test('finds what each task needs, of the inputs and of the trunk, and leaves the model as it was', async () => {
  const tensors = tf.memory().numTensors;
  const trainer = await createTrainer({
    tasks,
    sharing: oneTrunk(mlp([6], { activation: 'tanh' })),
    optimizer: adam({ learningRate: 0.02 }),
    seed: 2,
  });
  await trainer.fit(data, { epochs: 40, batchSize: 20 });
  const before = await trainer.evaluate(data);
  const { columns, importance, overlap } = await permutationImportance(trainer, data, { seed: 3 });
  expect(columns).toEqual(['x[0]', 'x[1]', 'x[2]']);
  const best = importance.map((row) => row.indexOf(Math.max(...row)));
  expect(best).toEqual([0, 0, 1]);
  for (const row of importance) expect(Math.abs(row[2] as number)).toBeLessThan(0.3 * Math.max(...row));
  expect(overlap[0]?.[1]).toBeGreaterThan(0.95);
  expect(overlap[0]?.[2]).toBeLessThan(0.5);
  expect(await permutationImportance(trainer, data, { seed: 3 })).toEqual({ columns, importance, overlap });

  const both = { name: 'both', entries: { x: [0, 1] } };
  const together = await permutationImportance(trainer, data, { seed: 3, columns: [both] });
  expect(together.columns).toEqual(['both']);
  for (const row of together.importance) expect(row[0]).toBeGreaterThan(1);
  const wrong = { columns: [{ name: 'none', entries: { y: [0] } }] };
  await expect(permutationImportance(trainer, data, wrong)).rejects.toMatchObject({ code: 'POLYTASK_UNKNOWN_NAME' });

  const ablated = await unitAblation(trainer, data);
  expect(ablated.layer).toBe('trunk/dense0');
  expect(ablated.importance.map((row) => row.length)).toEqual([6, 6, 6]);
  expect(ablated.overlap[0]?.[1]).toBeGreaterThan(ablated.overlap[0]?.[2] as number);
  expect(await trainer.evaluate(data)).toEqual(before);
  await expect(unitAblation(trainer, data, { layer: 'trunk/dense1' })).rejects.toMatchObject({
    code: 'POLYTASK_UNKNOWN_NAME',
  });
  trainer.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

test('rows in hand: inputs of all kinds, weights, and no more than asked for', async () => {
  const table = tableDataset({
    inputs: {
      image: { data: Uint8Array.of(0, 255, 51, 102, 0, 0), shape: [3, 2, 1], scale: 1 / 255 },
      kind: { data: Int32Array.of(2, 0, 1), shape: [3], categories: [3] },
    },
    columns: { y: [1, null, 3], z: Int32Array.of(0, -1, 1) },
    sampleWeights: { y: [1, 2, 3] },
  });
  const { size, inputs, columns, dataset } = await readRows(table, 2);
  expect(size).toBe(2);
  expect(inputs.image?.shape).toEqual([2, 2, 1]);
  expect(Array.from(columns.z?.data ?? [])).toEqual([0, -1]);
  const again = dataset({ kind: { data: Int32Array.of(1, 1), shape: [2] } });
  expect(again.inputs.kind).toEqual(table.inputs.kind);
  expect(again.gather([0, 1])).toMatchObject({ sampleWeights: { y: Float32Array.of(1, 2) } });
  expect(Array.from(again.gather([0, 1]).inputs.kind?.data ?? [])).toEqual([1, 1]);
});

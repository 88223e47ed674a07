// What strategies declare of relations, after training on tasks of known relation: a and b are alike, c has nothing to do with them.
import { learnedRelations } from '@polytask/analysis';
import { cgc, crossTaskAttention, dselectK, mmoe, ple, stem, taskGraph } from '@polytask/attention';
import {
  type AnyTask,
  adam,
  createTrainer,
  mlp,
  regression,
  type SharingStrategy,
  type Trainer,
  tableDataset,
  uniformStream,
} from '@polytask/core';
import { crossStitch, nddr, sluice } from '@polytask/soft-sharing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const rows = 200;
const width = 6;
const uniform = uniformStream(5, 'relations');
const x = Float32Array.from({ length: rows * width }, () => 2 * uniform() - 1);
const of = (label: (row: Float32Array) => number) =>
  Float32Array.from({ length: rows }, (_, n) => label(x.subarray(n * width, (n + 1) * width)));
const alike = (sign: number) => of(([u = 0, v = 0]) => sign * Math.sin(3 * u) + v);
const data = tableDataset({
  inputs: { x: { data: x, shape: [rows, width] } },
  columns: { a: alike(1), b: alike(1), c: of(([, , u = 0, v = 0]) => Math.sin(3 * u) * v) },
});

/** Matrices by relation, means over some seeds. */
async function learned(sharing: SharingStrategy, epochs: number, seeds = 1): Promise<Record<string, number[][]>> {
  const sums: Record<string, number[][]> = {};
  for (let seed = 1; seed <= seeds; seed++) {
    const trainer = (await createTrainer({
      tasks: ['a', 'b', 'c'].map((name) => regression(name)),
      sharing,
      optimizer: adam({ learningRate: 0.02 }),
      inputs: data.inputs,
      seed,
    })) as unknown as Trainer<readonly AnyTask[]>;
    if (epochs > 0) await trainer.fit(data, { epochs, batchSize: 40 });
    const seen = learnedRelations(await trainer.inspect({ x: { data: x, shape: [rows, width] } }));
    trainer.dispose();
    expect(seen.tasks).toEqual(['a', 'b', 'c']);
    for (const [name, { matrix }] of Object.entries(seen.relations)) {
      sums[name] = matrix.map((row, i) => row.map((value, j) => (sums[name]?.[i]?.[j] ?? 0) + value / seeds));
    }
  }
  return sums;
}

const encoder = mlp([4], { activation: 'tanh' });

test('every strategy declares its own: overlaps are symmetric, what a task takes sums to 1', async () => {
  const declared: [SharingStrategy, string[]][] = [
    [mmoe({ encoder, experts: 3 }), ['gates']],
    [dselectK({ encoder, experts: 4, selected: 2 }), ['gates']],
    [cgc({ encoder }), ['gates']],
    [ple({ levels: [encoder, encoder] }), ['level0/gates', 'level1/gates']],
    [stem({ embedding: encoder, encoder }), ['gates']],
    [taskGraph({ encoder }), ['adjacency']],
    [crossTaskAttention({ encoder }), ['attention']],
    [crossStitch({ encoder: mlp([4, 4]) }), ['units/dense0', 'units/dense1']],
    [crossStitch({ encoder, units: 'scalar' }), ['units/dense0']],
    [sluice({ encoder }), ['units/dense0']],
    [nddr({ encoder }), ['units/dense0']],
  ];
  for (const [sharing, names] of declared) {
    const found = await learned(sharing, 1);
    expect(Object.keys(found), sharing.name).toEqual(names);
    for (const [name, matrix] of Object.entries(found)) {
      for (const i of [0, 1, 2]) {
        const column = matrix.reduce((sum, row) => sum + (row[i] as number), 0);
        if (name.endsWith('gates')) expect(matrix[i]?.[0], sharing.name).toBeCloseTo(matrix[0]?.[i] as number, 10);
        else expect(column, sharing.name).toBeCloseTo(1, 5);
      }
    }
  }
});

test('gates of tasks that are alike overlap more than those of tasks that are not', async () => {
  const { gates } = await learned(mmoe({ encoder, experts: 4 }), 30, 2);
  const [ab, ac, bc] = [gates?.[0]?.[1], gates?.[0]?.[2], gates?.[1]?.[2]] as [number, number, number];
  expect(ab).toBeGreaterThan(ac);
  expect(ab).toBeGreaterThan(bc);
});

test('in cross-stitch units that start alike for all, tasks that are alike take more of each other', async () => {
  const found = await learned(crossStitch({ encoder: mlp([8]), units: 'scalar', own: 0.6 }), 30, 2);
  const flow = found['units/dense0'] as number[][];
  const between = (i: number, j: number) => (flow[i]?.[j] as number) + (flow[j]?.[i] as number);
  expect(between(0, 1)).toBeGreaterThan(between(0, 2));
  expect(between(0, 1)).toBeGreaterThan(between(1, 2));
});

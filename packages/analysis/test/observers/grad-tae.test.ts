import {
  classification,
  createTrainer,
  mlp,
  regression,
  sgd,
  type Trainer,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { gradTae } from '../../src/observers/grad-tae.js';
import { oneTrunk } from '../one-trunk.js';

beforeAll(() => tf.setBackend('cpu'));

interface Seen {
  looks: number;
  affinity: number[][];
  subsets: string[][];
  losses: number[][];
}

const rows = 32;
const names = ['a', 'b', 'c'];
const x = uniformFloats(rows * 3, 'tae').map((u) => 2 * u - 1);
const at = (row: number, n: number) => x[3 * row + n] as number;
/** a and b are nearly the same, c is the opposite of what they have in common; only the tasks given have labels. */
const data = (labelled: readonly string[] = names) => {
  const column = (name: string, of: (row: number) => number) =>
    Float32Array.from({ length: rows }, (_, row) => (labelled.includes(name) ? of(row) : Number.NaN));
  return tableDataset({
    inputs: { x: { data: x, shape: [rows, 3] } },
    columns: {
      a: column('a', (row) => Math.sin(at(row, 0)) + at(row, 1)),
      b: column('b', (row) => Math.sin(at(row, 0)) + 0.9 * at(row, 1)),
      c: column('c', (row) => at(row, 2) - at(row, 0) * at(row, 1)),
    },
  });
};

const start = (options: Parameters<typeof gradTae>[0] | undefined) =>
  createTrainer({
    tasks: names.map((name) => regression(name, { standardize: false })),
    sharing: oneTrunk(mlp([6], { activation: 'tanh' })),
    optimizer: sgd({ learningRate: 0.05 }),
    observers: options === undefined ? [] : [gradTae(options)],
    seed: 1,
  });

const steps = 80;
const run = { batchSize: rows, validation: data() };

test('the losses after fine-tuning, which are truly those, within a few per cent, and who helps whom', async () => {
  // A look at the model that `steps` have made, of all rows.
  const base = await start({ rows, interval: steps, learningRate: 0.05, steps: 10 });
  await base.fit(data(), { ...run, epochs: steps });
  const model = await base.model();
  await base.fit(data(), { ...run, epochs: steps + 1 });
  const { looks, affinity, subsets, losses } = base.observations()['grad-tae'] as unknown as Seen;
  base.dispose();
  expect(looks).toBe(1);
  expect(subsets.map((set) => set.join(''))).toEqual([
    ...names,
    expect.anything(),
    expect.anything(),
    expect.anything(),
  ]);
  const off: number[] = [];
  for (const [n, subset] of subsets.entries()) {
    const tuned = await start(undefined);
    await tuned.loadModel(model);
    await tuned.fit(data(subset), { batchSize: rows, epochs: 10 });
    const scores = (await tuned.evaluate(data())).tasks as unknown as Record<string, { loss: number }>;
    tuned.dispose();
    for (const name of subset) {
      const [estimated, truth] = [losses[n]?.[names.indexOf(name)] as number, scores[name]?.loss as number];
      off.push(Math.abs(estimated - truth) / truth);
    }
  }
  expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(0.05);
  expect(affinity[0]?.[1]).toBeGreaterThan(affinity[2]?.[1] as number);
  expect(affinity[1]?.[0]).toBeGreaterThan(affinity[2]?.[0] as number);
  expect(affinity[0]?.[0]).toBeNaN();
});

test('sketches say about the same, rows without labels are passed over, and classes count', async () => {
  const labels = Float32Array.from({ length: rows }, (_, row) => (at(row, 0) > 0 ? 1 : 0));
  const c = labels.map((value, row) => (row === 31 ? value : Number.NaN));
  const columns = { d: Int32Array.from(labels), a: labels, c };
  const mixed = tableDataset({ inputs: { x: { data: x, shape: [rows, 3] } }, columns });
  const trained = async (width: number) => {
    const trainer = (await createTrainer({
      tasks: [classification('d', { classes: 2 }), regression('a'), regression('c', { standardize: false })],
      sharing: oneTrunk(mlp([40], { activation: 'tanh' })),
      optimizer: sgd({ learningRate: 0.05 }),
      observers: [gradTae({ rows: 8, interval: 2, width, size: 3 })],
      seed: 1,
    })) as unknown as Trainer<never>;
    await trainer.fit(mixed, { epochs: 3, batchSize: rows, validation: mixed });
    const seen = trainer.observations()['grad-tae'] as unknown as Seen;
    trainer.dispose();
    return seen;
  };
  const [whole, sketched] = [await trained(1000), await trained(60)];
  expect(whole.subsets).toHaveLength(4);
  for (const n of [0, 1, 3]) {
    for (const task of [0, 1]) {
      const [exact, found] = [whole.losses[n]?.[task] as number, sketched.losses[n]?.[task] as number];
      expect(Math.abs(found - exact) / exact).toBeLessThan(0.1);
      expect(found).not.toBe(exact);
    }
  }
  expect(whole.affinity[0]?.[1]).toEqual(expect.any(Number));
});

test('needs validation data, and says so', async () => {
  const trainer = await start({ rows: 2, interval: 1 });
  await expect(trainer.fit(data(), { epochs: 2, batchSize: rows })).rejects.toMatchObject({
    code: 'POLYTASK_NO_VALIDATION',
  });
  trainer.dispose();
});

// Every balancing that run files know, compiled as strict, with missing labels: parameters, what training keeps beside them, weights and
// losses of the history, and what the method would save.
import { compiled } from '@polytask/compiler';
import {
  type Balancing,
  binary,
  createTrainer,
  type Executor,
  type FitOptions,
  mlp,
  type PartDescription,
  regression,
  sgd,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import { hardSharing } from '@polytask/hard-sharing';
import { softSharing } from '@polytask/soft-sharing';
import { pcgrad, upGrad } from '@polytask/task-weighting';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { partTables } from '../../src/parts/tables.js';

beforeAll(() => tf.setBackend('cpu'));

const tasks = [regression('price'), binary('click'), binary('buy')];
const rows = 8;
const noise = (size: number, key: string) => uniformFloats(size, 'balancing', key).map((value) => 2 * value - 1);
/** Every fourth price is missing, and all purchases of the second batch. */
const data = tableDataset({
  inputs: { x: { data: noise(rows * 4, 'x'), shape: [rows, 4] } },
  columns: {
    price: noise(rows, 'price').map((value, row) => (row % 4 === 3 ? Number.NaN : 10 + value)),
    click: Int32Array.from({ length: rows }, (_, row) => Number(row % 3 === 0)),
    buy: Int32Array.from({ length: rows }, (_, row) => (row < 4 ? Number(row % 3 !== 0) : -1)),
  },
});

/**
 * What methods are told: options without a default, and rates at which something happens in six steps. Auto-Lambda's stays low: it learns
 * from differences of losses that are nearly the same, most of whose digits float32 has lost, and Adam makes small slopes large.
 */
const told: Readonly<Record<string, Record<string, unknown>>> = {
  arml: { learningRate: 100 },
  'auto-lambda': { innerRate: 0.05, learningRate: 0.001 },
  'constant-weighting': { weights: { price: 0.5, buy: 2 } },
  'cr-mogm': { inner: upGrad() },
  'excess-mtl': { eta: 1 },
  'ferero-preference': { gamma: 1 },
  'log-transform': { inner: pcgrad() },
  'mo-do': { gamma: 10 },
  moml: { innerRate: 0.05, learningRate: 0.01 },
  'ol-aux': { beta: 1, interval: 2 },
  'pareto-mtl': { initialSteps: 1 },
  pivrg: { baselines: { price: 0.5, click: 0.5, buy: 0.5 } },
  'roto-grad': { learningRate: 0.05 },
  'selective-group-updates': { warmUp: 2, groups: [['price'], ['click'], ['buy']] },
};

const encoder = mlp([4], { activation: 'tanh' });
const refuse = (message: string) => {
  throw new Error(message);
};

/** What a balancing is tried under: a tie needs layers that it can tie, and rotations are learned where the model has some. */
function sharingFor(name: string) {
  if (name === 'proximal-trace-norm') return softSharing({ encoder });
  return hardSharing({ encoder, rotations: name === 'roto-grad' });
}

/** All that a run of six steps leaves behind, as lists of numbers. */
async function trained(
  { kind, create }: PartDescription,
  name: string,
  executor: Executor,
  fit: Partial<FitOptions> = {},
) {
  const trainer = await createTrainer({
    ...{ tasks, executor, primary: 'price', seed: 3, optimizer: sgd({ learningRate: 0.05 }) },
    sharing: sharingFor(name),
    balancing: (await create(told[name] ?? {})) as Balancing,
  });
  try {
    // Plans may ask for validation batches.
    const validation = kind === 'step-plan' ? data : undefined;
    await trainer.fit(data, { epochs: 3, batchSize: 4, shuffle: false, validation, ...fit });
    const { state, tensors } = await trainer.checkpoint();
    const { balancing, history, prepared, counts } = state as Record<string, object>;
    const { seconds: _, ...course } = history as Record<string, object>;
    return numbersIn({ tensors, balancing, prepared, counts, history: course }, name);
  } finally {
    trainer.dispose();
  }
}

/** Lists of numbers by where they are; a lone number is a list of one. Whatever else there is has to be the same, and is in words. */
function numbersIn(value: unknown, place: string): Record<string, ArrayLike<number> | string> {
  if (typeof value === 'number') return { [place]: [value] };
  if (ArrayBuffer.isView(value)) return { [place]: value as Float32Array };
  if (Array.isArray(value) && value.every((one) => typeof one === 'number')) return { [place]: value };
  if (typeof value !== 'object' || value === null) return { [place]: String(value) };
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => numbersIn(inner, `${place}.${key}`)));
}

/** How far two lists are apart, as a share of the largest number; of 0.001 where all are smaller. */
function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const size = Math.max(1e-3, ...Array.from(expected, Math.abs).filter(Number.isFinite));
  const apart = (value: number, i: number) =>
    Object.is(value, found[i]) ? 0 : Math.abs(value - (found[i] as number)) / size;
  return Math.max(0, ...Array.from(expected, apart));
}

const balancings = partTables.find(({ id }) => id === 'balancing')?.parts ?? new Map<string, PartDescription>();

it('knows the methods that are told something', () => {
  expect(balancings.size).toBeGreaterThan(50);
  expect(Object.keys(told).filter((name) => !balancings.has(name))).toEqual([]);
});

it.each([...balancings])('%s learns the same compiled as strict', async (name, part) => {
  const expected = await trained(part, name, strict());
  const found = await trained(part, name, compiled({ threads: 1, onFallback: refuse }));
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  const [first = 0, , last = 0] = expected[`${name}.history.tasks.price.trainLoss`] as number[];
  expect(Math.abs(first - last), 'it learns').toBeGreaterThan(0.01);
  requireSame(found, expected);
});

it('roto-grad learns its rotations from the parts of a batch the same', async () => {
  const part = balancings.get('roto-grad') as PartDescription;
  const fit = { batchSize: 2, accumulate: 2 };
  const expected = await trained(part, 'roto-grad', strict(), fit);
  const found = await trained(part, 'roto-grad', compiled({ threads: 1, onFallback: refuse }), fit);
  requireSame(found, expected);
  // Columns of 4 × 4 matrices, of price, click and buy.
  const statistics = expected['roto-grad.tensors.statistics.data'] as ArrayLike<number>;
  expect([statistics.length, Math.abs(statistics[1] as number) > 0.01]).toEqual([48, true]);
});

function requireSame(found: Awaited<ReturnType<typeof trained>>, expected: typeof found): void {
  // Rounding of float32, some 1e-7 of a number, grows to 1e-6 in six steps of most methods, and to 1e-5 in Auto-Lambda's.
  for (const [place, values] of Object.entries(expected)) {
    if (typeof values === 'string') expect(found[place], place).toBe(values);
    else {
      const other = found[place] as ArrayLike<number>;
      expect(other.length, place).toBe(values.length);
      expect(distance(other, values), place).toBeLessThan(1e-4);
    }
  }
}

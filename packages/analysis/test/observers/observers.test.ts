// What holds for all observers: a run is bit for bit the run without them, goes on with them from a checkpoint, and leaves no tensor.
import {
  type Checkpoint,
  createTrainer,
  decodeCheckpoint,
  encodeCheckpoint,
  mlp,
  type Observer,
  regression,
  type StepEvent,
  type Trainer,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import * as analysis from '../../src/index.js';
import { oneTrunk } from '../one-trunk.js';

beforeAll(() => tf.setBackend('cpu'));

const {
  gradientSimilarity,
  firstOrderAffinity,
  lookaheadAffinity,
  proximalAffinity,
  gradientCurvature,
  gradTae,
  task2vec,
} = analysis;
const all = (interval: number) => [
  gradientSimilarity({ interval }),
  gradientSimilarity({ interval, of: 'layers' }),
  firstOrderAffinity({ interval }),
  lookaheadAffinity({ interval }),
  proximalAffinity({ interval }),
  gradientCurvature({ interval }),
  gradTae({ interval, rows: 3 }),
  task2vec({ interval, rows: 2 }),
];

const rows = 24;
const x = uniformFloats(rows * 3, 'observed').map((u) => 2 * u - 1);
const column = (of: (a: number, b: number, c: number) => number, without: (row: number) => boolean = () => false) =>
  Float32Array.from({ length: rows }, (_, n) =>
    without(n) ? Number.NaN : of(x[3 * n] as number, x[3 * n + 1] as number, x[3 * n + 2] as number),
  );
const data = tableDataset({
  inputs: { x: { data: x, shape: [rows, 3] } },
  columns: {
    a: column((u, v) => u + v),
    b: column((u, _, w) => Math.sin(2 * u) - w),
    // Half of the batches have no label of it.
    c: column(
      (u, v) => u * v,
      (row) => row % 3 > 0,
    ),
  },
});

const start = (observers: readonly Observer[]) =>
  createTrainer({
    tasks: [regression('a'), regression('b'), regression('c')],
    sharing: oneTrunk(mlp([5, 4], { activation: 'tanh', dropout: 0.2 })),
    observers,
    seed: 4,
  }) as unknown as Promise<Trainer<never>>;

async function run(trainer: Trainer<never>, until?: number): Promise<Checkpoint> {
  const controller = new AbortController();
  const stop = {
    stepEnd({ step }: StepEvent) {
      if (step + 1 === until) controller.abort();
    },
  };
  await trainer.fit(data, { epochs: 2, batchSize: 3, validation: data, signal: controller.signal, callbacks: [stop] });
  return (await decodeCheckpoint(await encodeCheckpoint(await trainer.checkpoint()))) as Checkpoint;
}

test('the run is what it is without them, bit for bit, and goes on from a checkpoint as if never stopped', async () => {
  const tensors = tf.memory().numTensors;
  const [plain, whole, begun] = [await start([]), await start(all(3)), await start(all(3))];
  const [expected, found] = [await run(plain), await run(whole)];
  expect(Object.fromEntries(Object.entries(found.tensors).filter(([name]) => name in expected.tensors))).toEqual(
    expected.tensors,
  );
  const saved = await run(begun, 7);
  const resumed = await start(all(3));
  await resumed.restore(saved);
  await run(resumed);
  expect(resumed.observations()).toEqual(whole.observations());
  const seen = whole.observations() as Record<string, { looks?: number }>;
  expect(Object.values(seen).map(({ looks }) => looks)).toEqual([6, 6, 6, 6, 6, 6, 5, undefined]);
  for (const trainer of [plain, whole, begun, resumed]) trainer.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

test('what they have seen is plain data, K × K between tasks by name', async () => {
  const trainer = await start(all(3));
  await run(trainer, 2);
  const seen = trainer.observations();
  trainer.dispose();
  expect(structuredClone(seen)).toEqual(seen);
  for (const observed of Object.values(seen) as { tasks?: string[]; affinity?: number[][] }[]) {
    if (observed.tasks !== undefined) expect(observed.tasks).toEqual(['a', 'b', 'c']);
    if (observed.affinity !== undefined) expect(observed.affinity.map((row) => row.length)).toEqual([3, 3, 3]);
  }
  const layers = seen['gradient-similarity-2'] as unknown as { blocks: Record<string, { cosine: number[][] }> };
  expect(Object.keys(layers.blocks).sort()).toEqual(['trunk/dense0', 'trunk/dense1']);
});

test('reset goes back to the beginning', () => {
  const context = {
    tasks: [],
    objectives: ['a', 'b'].map((name) => ({ name })),
    layout: { segments: [], sharedSize: 0 },
    uniform: () => () => 0,
  } as never;
  for (const observer of all(1)) {
    const bound = observer.bind(context);
    const before = structuredClone({ saved: bound.saveState?.(), result: bound.result() });
    bound.reset?.();
    expect({ saved: bound.saveState?.(), result: bound.result() }).toEqual(before);
  }
});

// Every sharing strategy on the same rows: compiled as strict, with missing labels and several inputs; saved and loaded; exported, and run by
// ONNX Runtime as somebody else would.
import { gradientAdversarial, sharedPrivate } from '@polytask/adversarial';
import * as attention from '@polytask/attention';
import { compiled, exportOnnx } from '@polytask/compiler';
import {
  binary,
  createTrainer,
  type Encoder,
  type Executor,
  type HostTensor,
  layersModel,
  mlp,
  regression,
  type SharingStrategy,
  sgd,
  type Trainer,
  tableDataset,
  tabular,
  uniformFloats,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as hardSharing from '@polytask/hard-sharing';
import * as softSharing from '@polytask/soft-sharing';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partTables } from '../../src/parts/tables.js';

beforeAll(() => tf.setBackend('cpu'));

const tasks = [regression('price'), binary('click'), binary('buy')] as const;
const names = tasks.map(({ name }) => name);
const rows = 12;

const noise = (size: number, key: string) => uniformFloats(size, 'sharing', key).map((value) => 2 * value - 1);
const two = {
  left: { data: noise(rows * 4, 'left'), shape: [rows, 4] },
  right: { data: noise(rows * 2, 'right'), shape: [rows, 2] },
};
const one = { x: { data: noise(rows * 6, 'x'), shape: [rows, 6] } };
type Inputs = Readonly<Record<string, HostTensor>>;

/** Every third price and every second purchase are missing; in the last batch there is no label of a purchase. */
const dataOf = (inputs: Inputs) =>
  tableDataset({
    inputs,
    columns: {
      price: noise(rows, 'price').map((value, row) => (row % 3 === 2 ? Number.NaN : 10 + value)),
      click: Int32Array.from({ length: rows }, (_, row) => Number(row % 2 === 0)),
      buy: Int32Array.from({ length: rows }, (_, row) => (row % 2 === 0 && row < 8 ? Number(row % 4 === 0) : -1)),
    },
  });

const pretrained = tf.sequential({
  layers: [tf.layers.dense({ inputShape: [6], units: 4, activation: 'tanh' }), tf.layers.dense({ units: 4 })],
});
afterAll(() => pretrained.dispose());

/** All sharing strategies with short names, around an encoder whose last stage is called `last`. */
const strategies: Record<string, (encoder: Encoder, last: string) => SharingStrategy> = {
  'hard-sharing': (encoder) => hardSharing.hardSharing({ encoder, head: mlp([3]) }),
  'branched-sharing': (encoder) => hardSharing.branchedSharing({ encoder, tree: { stages: 0, branches: [...names] } }),
  recon: (encoder, last) => hardSharing.recon({ encoder, specific: [last] }),
  'residual-adapters': (encoder) => hardSharing.residualAdapters({ encoder, units: 2 }),
  esmm: (encoder) => hardSharing.esmm({ encoder, chain: ['click', 'buy'] }),
  dbmtl: (encoder) => hardSharing.dbmtl({ encoder, relations: { buy: ['click'] } }),
  'soft-sharing': (encoder) => softSharing.softSharing({ encoder }),
  'cross-stitch': (encoder) => softSharing.crossStitch({ encoder }),
  nddr: (encoder) => softSharing.nddr({ encoder }),
  sluice: (encoder) => softSharing.sluice({ encoder }),
  'task-attention': (encoder) => attention.taskAttention({ encoder }),
  mtan: (encoder) => attention.mtan({ encoder }),
  'squeeze-excitation': (encoder) => attention.squeezeExcitation({ encoder }),
  'cross-task-attention': (encoder) => attention.crossTaskAttention({ encoder }),
  'task-graph': (encoder) => attention.taskGraph({ encoder }),
  aitm: (encoder) => attention.aitm({ encoder, tower: mlp([3]), order: ['click', 'buy'] }),
  'pad-net': (encoder) => attention.padNet({ encoder }),
  pepnet: (encoder) => attention.pepnet({ encoder, units: [3] }),
  stem: (encoder) => attention.stem({ embedding: encoder, encoder: mlp([3]) }),
  'mtl-lora': () => attention.mtlLora({ model: pretrained, rank: 2 }),
  mmoe: (encoder) => attention.mmoe({ encoder, experts: 3 }),
  cgc: (encoder) => attention.cgc({ encoder }),
  ple: (encoder) => attention.ple({ levels: [encoder, mlp([3])] }),
  'dselect-k': (encoder) => attention.dselectK({ encoder, experts: 3 }),
  'learning-to-branch': (encoder) => attention.learningToBranch({ encoder, branches: 2 }),
  'shared-private': (encoder) => sharedPrivate({ encoder, adversary: 0 }),
  'gradient-adversarial': (encoder) => gradientAdversarial({ encoder, units: [3] }),
};

it('knows all strategies that run files know', () => {
  const known = partTables.find(({ id }) => id === 'sharing')?.parts.keys() ?? [];
  expect(Object.keys(strategies).sort()).toEqual([...known].sort());
});

/** Its last stage takes what its first one gives, past those between. */
const several = () => tabular({ units: [4, 4], activation: 'tanh', wide: 2 });
/** The model that one strategy adapts reads one input. */
const inputsOf = (name: string): Inputs => (name === 'mtl-lora' ? one : two);

type AnyTrainer = Trainer<typeof tasks>;

function open(sharing: SharingStrategy, inputs: Inputs, executor: Executor, seed = 1): Promise<AnyTrainer> {
  const specs = Object.entries(inputs).map(
    ([name, { shape }]) => [name, { shape: shape.slice(1), dtype: 'float32' }] as const,
  );
  const optimizer = sgd({ learningRate: 0.05 });
  return createTrainer({ tasks, sharing, executor, optimizer, seed, inputs: Object.fromEntries(specs) });
}

const train = (trainer: AnyTrainer, inputs: Inputs) =>
  trainer.fit(dataOf(inputs), { epochs: 1, batchSize: 4, shuffle: false });

async function valuesOf(trainer: AnyTrainer): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for (const { path } of trainer.parameters?.layout.segments ?? []) {
    found[path] = Array.from((await trainer.parameters?.read(path))?.data ?? []);
  }
  return found;
}

function close(found: readonly number[], wanted: readonly number[], tolerance: number, what: string): void {
  expect(found.length, what).toBe(wanted.length);
  const furthest = wanted.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (found[i] as number)) / Math.max(1, Math.abs(value))),
    0,
  );
  expect(furthest, what).toBeLessThan(tolerance);
}

/** Predictions by task, as numbers. */
async function predicted(trainer: AnyTrainer, inputs: Inputs): Promise<Record<string, number[]>> {
  const { price, click, buy } = await trainer.predict(inputs);
  const probabilities = (list: readonly { probability: number }[]) => list.map(({ probability }) => probability);
  return { price: [...price], click: probabilities(click), buy: probabilities(buy) };
}

/** The first `count` rows. */
const first = (inputs: Inputs, count: number): Inputs =>
  Object.fromEntries(
    Object.entries(inputs).map(
      ([
        name,
        {
          data,
          shape: [, width = 0],
        },
      ]) => [name, { data: data.slice(0, count * width), shape: [count, width] }],
    ),
  );

const refuse = (message: string) => {
  throw new Error(message);
};

describe.each(Object.keys(strategies))('%s', (name) => {
  const make = strategies[name] as (typeof strategies)[string];

  it('learns the same compiled as strict, with missing labels and several inputs, and is saved, loaded and exported', async () => {
    const inputs = inputsOf(name);
    const sharing = make(several(), 'dense1');
    const traced = await open(sharing, inputs, strict());
    await train(traced, inputs);
    const expected = await valuesOf(traced);
    traced.dispose();
    const trainer = await open(sharing, inputs, compiled({ threads: 1, onFallback: refuse }));
    await train(trainer, inputs);
    for (const [path, values] of Object.entries(await valuesOf(trainer))) {
      close(values, expected[path] as number[], 1e-4, path);
    }

    const wanted = await predicted(trainer, inputs);
    const other = await open(sharing, inputs, strict(), 2);
    await other.loadModel(await trainer.model());
    const loaded = await predicted(other, inputs);
    for (const task of names) close(loaded[task] as number[], wanted[task] as number[], 1e-5, task);
    other.dispose();

    const session = await ort.InferenceSession.create(await exportOnnx(trainer), { intraOpNumThreads: 1 });
    for (const count of [1, 5]) {
      const feeds = Object.entries(first(inputs, count)).map(
        ([input, { data, shape }]) => [input, new ort.Tensor('float32', data as Float32Array, [...shape])] as const,
      );
      const found = await session.run(Object.fromEntries(feeds));
      for (const task of names) {
        close(Array.from(found[task]?.data as Float32Array), (wanted[task] as number[]).slice(0, count), 1e-5, task);
      }
    }
    await session.release();
    trainer.dispose();
  });

  it('learns with a tf.LayersModel as its encoder', async () => {
    const model = () => tf.sequential({ layers: [tf.layers.dense({ inputShape: [6], units: 4, activation: 'tanh' })] });
    const trainer = await open(make(layersModel(model), 'model'), one, strict());
    await train(trainer, one);
    for (const values of Object.values(await predicted(trainer, one))) {
      expect(values.every(Number.isFinite)).toBe(true);
    }
    trainer.dispose();
  });
});

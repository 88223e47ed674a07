import {
  type Balancing,
  buildEmbedding,
  classification,
  convNet,
  defineEncoder,
  type Encoder,
  type InputSpec,
  mlp,
  type TableDataset,
  tableDataset,
  uniformFloats,
  uniformStream,
} from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { pcgrad } from './pcgrad.js';
import { type PeerVariants, projectedVariants, summedVariants } from './peer-variants.js';

/** One row of the benchmark: a network, a batch, and the same for the peers. */
export interface Work {
  readonly name: string;
  readonly batch: number;
  /** Classes of every task. */
  readonly classes: readonly number[];
  readonly encoder: Encoder;
  /** The trunk for those who write it by hand: widths of dense layers, or by name. */
  readonly trunk: readonly number[] | 'lenet' | 'embedding';
  /** Hidden layers of every head. */
  readonly head: readonly number[];
  readonly balancing?: () => Balancing;
  /** Shape of a row; ids below `categories` where there are any. */
  readonly input: { readonly shape: readonly number[]; readonly categories?: number };
  /** Numbers of a category's vector. */
  readonly vectors?: number;
  /** The same step in each of the peers: of each the fastest way counts. */
  readonly peers: PeerVariants;
  /** Our median as a multiple of PyTorch's, the faster of eager and compiled. */
  readonly goal: number;
  /** Share of the rate of its matrix products alone that the step is to reach. */
  readonly rateGoal?: number;
  /** What tfjs backends can train it. */
  readonly backends: readonly string[];
  /** Turns are divided by it. */
  readonly slow?: number;
}

const rows = 4096;
const all = ['wasm', 'tensorflow'];

const network = (batch: number): Work => ({
  name: `MLP 784-128-64, heads 32-10 and 32-5, batch ${batch}`,
  batch,
  classes: [10, 5],
  encoder: mlp([128, 64]),
  trunk: [128, 64],
  head: [32],
  input: { shape: [784] },
  peers: summedVariants({ work: 'mlp', batch, classes: [10, 5] }),
  goal: 0.5,
  backends: all,
});

const conflicting = (count: number): Work => {
  const classes = Array.from({ length: count }, () => 10);
  return {
    name: `PCGrad, ${count} heads 32-10, batch 128`,
    batch: 128,
    classes,
    encoder: mlp([128, 64]),
    trunk: [128, 64],
    head: [32],
    balancing: pcgrad,
    input: { shape: [784] },
    peers: projectedVariants({ work: 'mlp', batch: 128, classes }),
    goal: 0.5,
    backends: [],
    slow: count / 4,
  };
};

/** Vectors of a row's ids, summed. */
const summedEmbedding = (categories: number, width: number) =>
  defineEncoder({
    name: 'summed-embedding',
    stages: (inputs) => {
      const [name, input] = Object.entries(inputs)[0] as [string, InputSpec];
      return [
        {
          name: 'embedding',
          build(scope) {
            const layer = buildEmbedding(scope, input, categories, width);
            return {
              output: { shape: [width], dtype: 'float32' },
              apply: (tensors, step) => tf.sum(layer.apply(tensors[name] as tf.Tensor, step), 1),
            };
          },
        },
      ];
    },
  });

const looked = (categories: number, vectors: number): Work => ({
  name: `Embedding ${categories}×${vectors}, 256×8 ids summed, two heads`,
  batch: 256,
  classes: [10, 5],
  encoder: summedEmbedding(categories, vectors),
  trunk: 'embedding',
  head: [],
  input: { shape: [8], categories },
  vectors,
  peers: summedVariants(
    { work: 'embedding', batch: 256, classes: [10, 5], rows: categories, width: vectors },
    { torch: [{}, { bag: true }] },
  ),
  goal: 0.5,
  backends: ['tensorflow'],
});

/** Every row of the table. */
export const works: readonly Work[] = [
  network(32),
  network(128),
  {
    ...network(1024),
    name: 'the same ×4 wide, batch 1024',
    encoder: mlp([512, 256]),
    trunk: [512, 256],
    head: [128],
    peers: summedVariants({ work: 'mlp', batch: 1024, classes: [10, 5], scale: 4 }),
    goal: 0.8,
    rateGoal: 0.7,
    slow: 2,
  },
  {
    name: 'LeNet, two heads of 10, 28×28, batch 256',
    batch: 256,
    classes: [10, 10],
    encoder: convNet(),
    trunk: 'lenet',
    head: [],
    input: { shape: [28, 28, 1] },
    peers: summedVariants(
      { work: 'lenet', batch: 256, classes: [10, 10] },
      { jax: [{ pool: 'window' }, { pool: 'reshape' }] },
    ),
    goal: 0.8,
    backends: ['tensorflow'],
    slow: 2,
  },
  ...[2, 8, 40].map(conflicting),
  looked(5000, 32),
  // Ranking models are mostly such tables.
  looked(100_000, 16),
];

/** Tasks, data and the parts of a trainer for a work. */
export function parts({ classes, encoder, head, balancing, input }: Work) {
  const names = classes.map((_, k) => `task${k}`);
  const draw = uniformStream('bench', 'labels');
  const columns = Object.fromEntries(
    names.map((name, k) => [
      name,
      Int32Array.from({ length: rows }, () => Math.floor(draw() * (classes[k] as number))),
    ]),
  );
  const uniform = uniformFloats(rows * input.shape.reduce((a, b) => a * b, 1), 'bench', 'inputs');
  const { categories } = input;
  const data = categories === undefined ? uniform : Int32Array.from(uniform, (value) => Math.floor(value * categories));
  const dataset: TableDataset = tableDataset({ inputs: { x: { data, shape: [rows, ...input.shape] } }, columns });
  const options = {
    tasks: names.map((name, k) => classification(name, { classes: classes[k] as number })),
    sharing: hardSharing({ encoder, ...(head.length > 0 ? { head: mlp([...head]) } : {}) }),
    ...(balancing === undefined ? {} : { balancing: balancing() }),
  };
  return { dataset, options, data, columns };
}

import {
  type AuxiliaryObjective,
  adam,
  classification,
  createTrainer,
  type Executor,
  type HostTensor,
  mlp,
  perTaskDatasets,
  regression,
  type SharingStrategy,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';

const tasks = [regression('summer', { standardize: false }), regression('winter', { standardize: false })] as const;
const width = 3;
type Rows = Readonly<Record<'summer' | 'winter', { readonly x: Float32Array; readonly y: Float32Array }>>;

/**
 * Rows of two domains: x₀ is uniform in [−1, 1) in the one and [0, 2) in the other, and tells the domain in half of the rows; y = x₁ − x₂ in
 * both, whatever x₀ is. The best guess at the domain is right for 3 of 4 rows.
 */
function rowsOf(seed: number, part: string, count: number): Rows {
  const of = (task: 'summer' | 'winter') => {
    const shift = task === 'summer' ? 0 : 1;
    const x = uniformFloats(count * width, 'domains', seed, part, task).map(
      (value, i) => 2 * value - 1 + (i % width === 0 ? shift : 0),
    );
    const y = Float32Array.from({ length: count }, (_, row) => (x[3 * row + 1] as number) - (x[3 * row + 2] as number));
    return { x, y };
  };
  return { summer: of('summer'), winter: of('winter') };
}

function datasetOf(rows: Rows) {
  const of = (task: 'summer' | 'winter') => {
    const { x, y } = rows[task];
    return tableDataset({ inputs: { x: { data: x, shape: [y.length, width] } }, columns: { [task]: y } });
  };
  return perTaskDatasets({ summer: of('summer'), winter: of('winter') });
}

/** A model on two domains, and how it is trained. */
export interface Adversary {
  readonly sharing: SharingStrategy;
  readonly auxiliary?: readonly AuxiliaryObjective[];
  readonly seed: number;
  readonly executor: () => Executor;
  /** Steps of 64 rows. Default 1000. */
  readonly steps?: number;
}

/** What came of it. */
export interface Probed {
  /** How often classifiers that were trained on the frozen shared features tell the domain of new rows; at chance 0.5, at best 0.75. */
  readonly linear: number;
  readonly mlp: number;
  /** Root mean square error of both tasks on new rows, whose y has a deviation of 0.82. */
  readonly rmse: number;
  /** The adversary's own accuracy in the last epoch; undefined without one. */
  readonly own: number | undefined;
}

/** The learning rate of the network; a discriminator's is named in multiples of it. */
export const networkRate = 0.01;

/** Trains, freezes the shared features, and trains new classifiers of domains on them. */
export async function probed({ sharing, auxiliary = [], seed, executor, steps = 1000 }: Adversary): Promise<Probed> {
  const perTask = 1600;
  const [train, test] = [rowsOf(seed, 'train', perTask), rowsOf(seed, 'test', 1000)];
  const optimizer = adam({ learningRate: networkRate });
  const trainer = await createTrainer({ tasks, sharing, auxiliary, optimizer, executor: executor(), seed });
  const epochs = Math.round((steps * 64) / (2 * perTask));
  const { logged } = await trainer.fit(datasetOf(train), { epochs, batchSize: 64 });
  const scores = await trainer.evaluate(datasetOf(test));
  const featuresOf = async (rows: Rows) => {
    const { shared } = await trainer.inspect({
      x: { data: joined(rows, 'x'), shape: [2 * rows.summer.y.length, width] },
    });
    return shared as HostTensor;
  };
  const features = { train: await featuresOf(train), test: await featuresOf(test) };
  trainer.dispose();
  const accuracy = Object.entries(logged).find(([name]) => name.endsWith('accuracy'))?.[1];
  const { summer, winter } = scores.tasks;
  return {
    linear: await probe(features, [], seed, executor()),
    mlp: await probe(features, [32], seed, executor()),
    rmse: Math.sqrt((summer.loss + winter.loss) / 2),
    own: accuracy?.at(-1),
  };
}

function joined(rows: Rows, what: 'x' | 'y'): Float32Array {
  return Float32Array.from([...rows.summer[what], ...rows.winter[what]]);
}

/** The accuracy on the test rows of a classifier of the first half of the rows against the second. */
async function probe(
  features: { readonly train: HostTensor; readonly test: HostTensor },
  units: readonly number[],
  seed: number,
  executor: Executor,
): Promise<number> {
  const [rows = 0, size = 0] = features.train.shape;
  const scaled = standardized(features.train.data, features.train.data, size);
  const dataset = (data: Float32Array) => {
    const count = data.length / size;
    const domain = Int32Array.from({ length: count }, (_, row) => Number(row >= count / 2));
    return tableDataset({ inputs: { features: { data, shape: [count, size] } }, columns: { domain } });
  };
  const trainer = await createTrainer({
    tasks: [classification('domain', { classes: 2 })],
    sharing: hardSharing({ encoder: mlp([...units]) }),
    optimizer: adam({ learningRate: 0.01 }),
    executor,
    seed: 1000 + seed,
  });
  await trainer.fit(dataset(scaled), { epochs: Math.ceil((400 * 128) / rows), batchSize: 128 });
  const { tasks: found } = await trainer.evaluate(dataset(standardized(features.test.data, features.train.data, size)));
  trainer.dispose();
  return found.domain.accuracy;
}

/** Columns of mean 0 and deviation 1 in `reference`. */
function standardized(data: ArrayLike<number>, reference: ArrayLike<number>, size: number): Float32Array {
  const rows = reference.length / size;
  const mean = new Float64Array(size);
  const square = new Float64Array(size);
  for (let i = 0; i < reference.length; i++) {
    const value = reference[i] as number;
    mean[i % size] = (mean[i % size] as number) + value / rows;
    square[i % size] = (square[i % size] as number) + (value * value) / rows;
  }
  return Float32Array.from(data, (value, i) => {
    const middle = mean[i % size] as number;
    return (value - middle) / (Math.sqrt(Math.max(0, (square[i % size] as number) - middle ** 2)) + 1e-6);
  });
}

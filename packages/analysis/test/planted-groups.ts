import {
  type AnyTask,
  createTrainer,
  type Executor,
  type HostTensor,
  mlp,
  type Observer,
  regression,
  sgd,
  type TableDataset,
  type Trainer,
  tableDataset,
  uniformStream,
} from '@polytask/core';
import { clustersOf } from '../src/grouping/clusters-of.js';
import {
  affinityScore,
  bestGrouping,
  cutTree,
  hierarchicalClustering,
  type LabelValues,
  linearCka,
  logMe,
  lookaheadAffinity,
  type PairScores,
  pairwiseGains,
  pearsonCorrelation,
  spearmanCorrelation,
  type TaskMatrix,
} from '../src/index.js';
import { taskMatrix } from '../src/numbers/matrices.js';
import { oneTrunk } from './one-trunk.js';

// The synthetic family of Ma et al. (MMoE, 2018, section 3.2) with a structure in it: six regressions in three groups of two. The
// cosine between the directions of two tasks is p² within a group and 0 between groups.
export const planted = [
  [0, 1],
  [2, 3],
  [4, 5],
];
const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const width = 12;
/** Test rows whose features are looked at. */
const featureRows = 200;
const p = 0.99;

/** Training rows, as many for validation, and rows to measure by, of one draw of the family. */
export interface PlantedData {
  readonly train: TableDataset;
  readonly validation: TableDataset;
  readonly test: TableDataset;
  readonly seed: number;
}

/** y_k = w_k · x + sin(w_k · x + β) + ε with w_k = p u_group + √(1 − p²) v_k and x normal. */
export function plantedData(seed: number, rows: number): PlantedData {
  const uniform = uniformStream(seed, 'planted');
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const directions = orthonormal(Array.from({ length: 9 }, () => Array.from({ length: width }, normal)));
  const weights = names.map((_, k) => {
    const [common, own] = [directions[Math.floor(k / 2)] as number[], directions[3 + k] as number[]];
    return common.map((value, n) => p * value + Math.sqrt(1 - p * p) * (own[n] as number));
  });
  const beta = 2 * Math.PI * uniform();
  const table = (count: number, noise: number) => {
    const x = Float32Array.from({ length: count * width }, normal);
    const columns = names.map((name, k) => {
      const y = Float32Array.from({ length: count }, (_, row) => {
        const along = (weights[k] as number[]).reduce((sum, w, n) => sum + w * (x[row * width + n] as number), 0);
        return along + Math.sin(along + beta) + noise * normal();
      });
      return [name, y] as const;
    });
    return tableDataset({ inputs: { x: { data: x, shape: [count, width] } }, columns: Object.fromEntries(columns) });
  };
  const [train, test] = [table(rows, 0.1), table(400, 0)];
  return { train, test, validation: table(rows, 0.1), seed };
}

function orthonormal(vectors: readonly (readonly number[])[]): number[][] {
  const found: number[][] = [];
  for (const vector of vectors) {
    let rest = [...vector];
    for (const other of found) {
      const along = rest.reduce((sum, value, n) => sum + value * (other[n] as number), 0);
      rest = rest.map((value, n) => value - along * (other[n] as number));
    }
    const length = Math.hypot(...rest);
    found.push(rest.map((value) => value / length));
  }
  return found;
}

/** How networks of the family are trained. */
export interface PlantedTraining {
  readonly epochs: number;
  /** Whether there are validation rows. Default false. */
  readonly validate?: boolean;
  readonly executor?: Executor;
}

/** Trains some of the tasks together; gives their losses on the test rows, the first one's features there, and what was observed. */
async function trained(
  { train, validation, test, seed }: PlantedData,
  tasks: readonly number[],
  { epochs, executor, validate = false }: PlantedTraining,
  observers: readonly Observer[] = [],
): Promise<{ losses: number[]; features: HostTensor; observations: Record<string, unknown> }> {
  const chosen = tasks.map((task) => regression(names[task] as string));
  const trainer = (await createTrainer({
    tasks: chosen,
    sharing: oneTrunk(mlp([16], { activation: 'tanh' })),
    optimizer: sgd({ learningRate: 0.1 }),
    observers,
    seed,
    ...(executor && { executor }),
  })) as unknown as Trainer<readonly AnyTask[]>;
  try {
    await trainer.fit(train, { epochs, batchSize: 64, ...(validate && { validation }) });
    const scores = (await trainer.evaluate(test)).tasks as Record<string, { loss: number }>;
    const { features } = await trainer.inspect(
      test.gather(Array.from({ length: featureRows }, (_, row) => row)).inputs,
    );
    return {
      losses: chosen.map(({ name }) => scores[name]?.loss as number),
      features: features[names[tasks[0] as number] as string] as HostTensor,
      observations: trainer.observations(),
    };
  } finally {
    trainer.dispose();
  }
}

/** What observers see of all six tasks, in one run. */
export async function plantedObserved(
  data: PlantedData,
  training: PlantedTraining,
  observers: readonly Observer[] = [lookaheadAffinity({ interval: 4 })],
): Promise<Record<string, unknown>> {
  return (await trained(data, [0, 1, 2, 3, 4, 5], training, observers)).observations;
}

/** Lookahead affinity of all six tasks. */
export async function plantedAffinity(data: PlantedData, training: PlantedTraining): Promise<TaskMatrix> {
  const seen = await plantedObserved(data, training);
  return (seen['lookahead-affinity'] as { affinity: number[][] }).affinity;
}

/** Losses alone, CKA between the features of the six networks, and what LogME says of each one's for every task's labels. */
export async function plantedAlone(
  data: PlantedData,
  training: PlantedTraining,
): Promise<{ losses: number[]; cka: TaskMatrix; logMe: TaskMatrix }> {
  const runs: Awaited<ReturnType<typeof trained>>[] = [];
  for (const task of names.keys()) runs.push(await trained(data, [task], training));
  const rows = runs.map(({ features: { data: numbers, shape } }) => {
    const size = numbers.length / (shape[0] as number);
    return Array.from({ length: shape[0] as number }, (_, row) => numbers.subarray(row * size, (row + 1) * size));
  });
  return {
    losses: runs.map(({ losses }) => losses[0] as number),
    cka: taskMatrix(6, (i, j) => linearCka(rows[i] as Float32Array[], rows[j] as Float32Array[])),
    logMe: taskMatrix(6, (i, j) => logMe(rows[i] as Float32Array[], labelsOf(data, j))),
  };
}

/** Labels of a task in the rows whose features are looked at. */
function labelsOf({ test }: PlantedData, task: number): LabelValues {
  const { targets } = test.labels(names[task] as string);
  return { kind: 'numbers', values: targets.data.subarray(0, featureRows) };
}

/** How much the labels of the training rows correlate, whichever way. */
export function plantedCorrelations({ train }: PlantedData): TaskMatrix {
  const labels = names.map((name) => train.labels(name).targets.data);
  return taskMatrix(6, (i, j) => Math.abs(pearsonCorrelation(labels[i] as Float32Array, labels[j] as Float32Array)));
}

/** Rank correlation of two measures over all ordered pairs of tasks. */
export function agreement(a: TaskMatrix, b: TaskMatrix): number {
  const pairs = (matrix: TaskMatrix) => matrix.flatMap((row, i) => row.filter((_, j) => i !== j));
  return spearmanCorrelation(pairs(a), pairs(b));
}

/** Gains of all fifteen pairs over the losses alone. */
export async function plantedGains(
  data: PlantedData,
  alone: readonly number[],
  training: PlantedTraining,
): Promise<TaskMatrix> {
  const pairs: PairScores[] = [];
  for (let i = 0; i < 6; i++) {
    for (let j = i + 1; j < 6; j++) {
      const { losses } = await trained(data, [i, j], training);
      pairs.push({ tasks: [i, j], scores: losses as [number, number] });
    }
  }
  return pairwiseGains(
    alone,
    pairs,
    alone.map(() => 'lower'),
  );
}

/** Three groups by what tasks do for each other, each task in the group that serves it. */
export function groupsBy(affinity: TaskMatrix): number[][] {
  const { servedBy } = bestGrouping({ tasks: affinity.length, score: affinityScore(affinity), budget: 3 });
  return clustersOf(servedBy);
}

/** Three clusters by how alike features are. */
export function clustersBy(similarity: TaskMatrix): number[][] {
  return cutTree(hierarchicalClustering(similarity.map((row) => row.map((value) => 1 - value))), 3);
}

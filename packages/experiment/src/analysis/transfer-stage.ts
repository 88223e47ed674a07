import {
  coLabelledRows,
  hScore,
  type LabelledFeatures,
  type LabelValues,
  leep,
  linearCka,
  logMe,
  type RowsInHand,
  relativeGain,
  representationalSimilarity,
  svcca,
  trainHead,
  transRate,
} from '@polytask/analysis';
import { type AnyTask, type Executor, type HostTensor, metricDirections, PolytaskError } from '@polytask/core';
import type { AnalysisDocument } from './analysis-document.js';
import { labelsIn, rowsOf } from './analysis-rows.js';

/** What is kept of a single-task network. */
export interface KeptNetwork {
  /** Features `[rows, D]` of training rows. */
  readonly train: HostTensor;
  /** Of test rows. */
  readonly test: HostTensor;
  /** Of classes: probabilities in the training rows. */
  readonly probabilities: readonly (readonly number[])[] | undefined;
}

/** Networks by task; undefined for those that were not trained. */
export type KeptNetworks = readonly (KeptNetwork | undefined)[];

/** Rows that are enough to compare features. */
const comparedRows = 400;

/** How alike the features of the networks are. */
export function compareFeatures(networks: KeptNetworks): NonNullable<AnalysisDocument['features']> {
  const features = networks.map((kept) => (kept === undefined ? undefined : rowsOf(kept.test).slice(0, comparedRows)));
  const rows = Math.max(0, ...features.map((one) => one?.length ?? 0));
  const between = (measure: (x: readonly ArrayLike<number>[], y: readonly ArrayLike<number>[]) => number) =>
    symmetric(features, (x, y) => measure(x, y));
  const width = (x: readonly ArrayLike<number>[]) => x[0]?.length ?? 0;
  return {
    rows,
    cka: between((x, y) => (x.length < 4 ? Number.NaN : linearCka(x, y))),
    rsa: between((x, y) => (Math.min(width(x), width(y)) < 2 ? Number.NaN : representationalSimilarity(x, y))),
    svcca: between((x, y) => (Math.max(width(x), width(y)) > rows / 2 ? Number.NaN : svcca(x, y))),
  };
}

/** A measure of every pair; NaN where a network is missing. */
function symmetric<Item>(items: readonly (Item | undefined)[], measure: (x: Item, y: Item) => number): number[][] {
  const found = items.map(() => items.map(() => Number.NaN));
  items.forEach((x, i) => {
    items.forEach((y, j) => {
      if (x === undefined || y === undefined || j < i) return;
      const value = measure(x, y);
      (found[i] as number[])[j] = value;
      (found[j] as number[])[i] = value;
    });
  });
  return found;
}

/** What the networks' features and predictions say of the other tasks' labels, without training. */
export function scoreTransfer(
  tasks: readonly AnyTask[],
  networks: KeptNetworks,
  rows: RowsInHand,
): Omit<NonNullable<AnalysisDocument['transfer']>, 'heads' | 'headGains'> {
  const features = networks.map((kept) => (kept === undefined ? undefined : rowsOf(kept.train)));
  const labels = tasks.map((task) => labelsIn(rows, task));
  // Vectors have no score here.
  const labelled = labels.map((column) => (column === undefined || column.kind === 'vectors' ? 0 : rowsWith(column)));
  const each = (of: (source: number, target: number) => number) =>
    tasks.map((_, i) =>
      tasks.map((__, j) => {
        return features[i] !== undefined && (labelled[j] as number) >= 2 ? of(i, j) : Number.NaN;
      }),
    );
  const ofClasses = (of: (x: readonly ArrayLike<number>[], y: ArrayLike<number>, source: number) => number) =>
    each((i, j) =>
      labels[j]?.kind === 'classes'
        ? of(features[i] as readonly ArrayLike<number>[], labels[j]?.values as ArrayLike<number>, i)
        : Number.NaN,
    );
  return {
    rows: rows.size,
    logMe: each((i, j) => logMe(features[i] as readonly ArrayLike<number>[], labels[j] as never)),
    hScore: ofClasses((x, y) => hScore(x, y, { shrinkage: 0.1 })),
    transRate: ofClasses((x, y) => transRate(x, y)),
    leep: ofClasses((_, y, source) => {
      const probabilities = networks[source]?.probabilities;
      return probabilities === undefined ? Number.NaN : leep(probabilities, y);
    }),
  };
}

function rowsWith(labels: LabelValues): number {
  return coLabelledRows([labels])[0]?.[0] as number;
}

/** What {@link trainHeads} needs. */
export interface HeadRun {
  readonly tasks: readonly AnyTask[];
  readonly networks: KeptNetworks;
  readonly train: RowsInHand;
  readonly test: RowsInHand;
  readonly seed: number;
  readonly executor: Executor;
  /** Whether there is time, and nobody has stopped the run. */
  readonly goesOn: () => boolean;
}

/** Trains a linear head for every task on every network's features. Heads for which no time was left are NaN. */
export async function trainHeads({ tasks, networks, train, test, seed, executor, goesOn }: HeadRun): Promise<{
  heads: number[][];
  headGains: number[][];
  complete: boolean;
}> {
  const heads = tasks.map(() => tasks.map(() => Number.NaN));
  let complete = true;
  // Own features first: they are what others are compared with.
  const places = tasks.flatMap((_, i) => tasks.map((__, j) => [i, j] as const));
  places.sort(([a, b], [c, d]) => Number(a !== b) - Number(c !== d));
  for (const [i, j] of places) {
    const [kept, task] = [networks[i], tasks[j] as AnyTask];
    const [learned, measured] = [train.columns[task.column], test.columns[task.column]];
    if (kept === undefined || learned === undefined || measured === undefined) continue;
    if (!goesOn()) {
      complete = false;
      continue;
    }
    const of = (features: HostTensor, labels: HostTensor): LabelledFeatures => ({ features, labels });
    const options = { task, train: of(kept.train, learned), test: of(kept.test, measured), seed, executor };
    const scores = await trainHead(options).catch((error: unknown) => {
      // These rows may lack the task's labels.
      if (PolytaskError.isInstance(error) && error.code === 'POLYTASK_LABELS') return undefined;
      throw error;
    });
    (heads[i] as number[])[j] = (scores as Record<string, number> | undefined)?.[task.primaryMetric] ?? Number.NaN;
  }
  const better = tasks.map((task) => Object.values(metricDirections([task])[task.name] ?? {})[0] ?? 'lower');
  const headGains = heads.map((row) =>
    row.map((score, j) => relativeGain(heads[j]?.[j] as number, score, better[j] as 'higher' | 'lower')),
  );
  return { heads, headGains, complete };
}

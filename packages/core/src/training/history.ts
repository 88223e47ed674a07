import type { Metric } from '../contracts/metric.js';
import type { AnyTask } from '../contracts/task.js';
import type { StepOutcome } from './step-outcome.js';

/** The metrics of a task by name, those with a single number as value. */
export type NumberMetricNames<Task extends AnyTask> = Task['metrics'][number] extends infer M
  ? M extends Metric<infer Name, number>
    ? Name
    : never
  : never;

/** One task's course over the epochs; every array has one entry per epoch. */
export type TaskHistory<Task extends AnyTask = AnyTask> = {
  /** Mean training loss over the steps in which the task had a label; NaN where it had none. */
  readonly trainLoss: number[];
  /** Mean effective weight over those steps. */
  readonly weight: number[];
  /** Loss on the validation data; empty without validation data. */
  readonly loss: number[];
} & { readonly [M in NumberMetricNames<Task>]: number[] };

/** The course of a run. */
export interface History<Tasks extends readonly AnyTask[] = readonly AnyTask[]> {
  /** By task name. Metrics are measured on the validation data. */
  readonly tasks: { readonly [T in Tasks[number] as T['name']]: TaskHistory<T> };
  /**
   * Mean of every auxiliary term per epoch, not weighted, by its name (`strategy/term` for terms of the sharing strategy); of
   * auxiliary objectives with `asTask` the mean loss.
   */
  readonly auxiliary: { readonly [term: string]: number[] };
  /**
   * What parts record, by `<part>/<name>`: mean per epoch of numbers that come with steps, over those steps in which it is not NaN, or
   * the epoch's number; NaN for epochs without one.
   */
  readonly logged: { [name: string]: number[] };
  /** Mean cosine between the tasks' gradients `[K][K]` per epoch, NaN where there was none; empty under strategies that compute no Gramian. */
  readonly cosines: number[][][];
  /**
   * Mean length of the gradient of what tasks share per epoch, by task, and by auxiliary objective with `asTask`; NaN for epochs in which it had none.
   * Empty under strategies that compute no Gramian.
   */
  readonly gradientNorms: { [objective: string]: number[] };
  /** By task, how much its validation loss counts where losses of tasks are added up: its weight, as in training. */
  readonly validationWeights: { [task: string]: number };
  /** The epoch that the parameters are of where early stopping went back, counted from 1; of every task under `'per-task'`. */
  restored: number | { readonly [task: string]: number } | null;
  /** Wall-clock seconds per epoch, evaluation included. The only numbers here that two equal runs do not share. */
  readonly seconds: number[];
  /** Steps taken, those of auxiliary terms alone among them. */
  steps: number;
  /** Batches without any label, and without a row for an auxiliary term, which were passed over. */
  skipped: number;
  /** Why `fit` ended. */
  stopped: 'epochs' | 'signal' | 'early' | 'running';
}

/** An empty history for these tasks and auxiliary terms and objectives. */
export function emptyHistory(tasks: readonly AnyTask[], auxiliary: readonly string[]): History {
  const entry = (task: AnyTask) => ({
    trainLoss: [],
    weight: [],
    loss: [],
    ...Object.fromEntries(task.metrics.filter(isNumberMetric).map(({ name }) => [name, []])),
  });
  return {
    tasks: Object.fromEntries(tasks.map((task) => [task.name, entry(task)])) as unknown as History['tasks'],
    auxiliary: Object.fromEntries(auxiliary.map((name) => [name, []])),
    logged: {},
    cosines: [],
    gradientNorms: {},
    validationWeights: {},
    restored: null,
    seconds: [],
    steps: 0,
    skipped: 0,
    stopped: 'running',
  };
}

/** Whether a metric is a single number: those that can be ranked are. */
export function isNumberMetric(metric: Metric): boolean {
  return metric.better !== 'none';
}

/** Sums over the steps of an epoch; plain data, since a checkpoint may fall in between. */
export interface EpochSums {
  losses: number[];
  weights: number[];
  counts: number[];
  cosines: number[];
  cosineCounts: number[];
  norms: number[];
  normCounts: number[];
  terms: { [term: string]: number };
  logged: { [name: string]: { total: number; count: number } };
  steps: number;
}

/** Sums before the first step of an epoch, for K objectives. */
export function emptySums(k: number): EpochSums {
  const zeros = (n: number) => new Array<number>(n).fill(0);
  return {
    losses: zeros(k),
    weights: zeros(k),
    counts: zeros(k),
    cosines: zeros(k * k),
    cosineCounts: zeros(k * k),
    norms: zeros(k),
    normCounts: zeros(k),
    terms: {},
    logged: {},
    steps: 0,
  };
}

/** Adds one step. */
export function addStep(sums: EpochSums, { losses, weights, gramian, terms, logged }: StepOutcome): void {
  const k = losses.length;
  sums.steps += 1;
  for (const [name, value] of Object.entries(terms)) sums.terms[name] = (sums.terms[name] ?? 0) + value;
  for (const [name, value] of Object.entries(logged)) {
    // Nothing to be seen in this step, such as a mean over rows where there were none.
    if (Number.isNaN(value)) continue;
    const { total, count } = sums.logged[name] ?? { total: 0, count: 0 };
    sums.logged[name] = { total: total + value, count: count + 1 };
  }
  for (let i = 0; i < k; i++) {
    if (Number.isNaN(losses[i])) continue;
    bump(sums.losses, i, losses[i] as number);
    bump(sums.weights, i, weights[i] as number);
    bump(sums.counts, i, 1);
  }
  if (gramian === undefined) return;
  for (let i = 0; i < k; i++) {
    if (!Number.isNaN(losses[i])) {
      bump(sums.norms, i, Math.sqrt(Math.max(0, gramian[i * k + i] as number)));
      bump(sums.normCounts, i, 1);
    }
    for (let j = 0; j < k; j++) {
      const norms = Math.sqrt((gramian[i * k + i] as number) * (gramian[j * k + j] as number));
      if (!(norms > 0)) continue;
      bump(sums.cosines, i * k + j, (gramian[i * k + j] as number) / norms);
      bump(sums.cosineCounts, i * k + j, 1);
    }
  }
}

function bump(array: number[], index: number, by: number): void {
  array[index] = (array[index] as number) + by;
}

/** Means of an epoch's sums; NaN where nothing was summed. */
export function epochMeans(sums: EpochSums): {
  losses: Float64Array;
  weights: Float64Array;
  cosines: number[][] | undefined;
  gradientNorms: number[] | undefined;
  terms: { [term: string]: number };
  logged: { [name: string]: number };
} {
  const k = sums.losses.length;
  const mean = (total: number, count: number | undefined) =>
    count === undefined || count === 0 ? Number.NaN : total / count;
  const cosines = sums.cosineCounts.some((count) => count > 0)
    ? Array.from({ length: k }, (_, i) =>
        sums.cosines.slice(i * k, (i + 1) * k).map((total, j) => mean(total, sums.cosineCounts[i * k + j])),
      )
    : undefined;
  return {
    losses: Float64Array.from(sums.losses, (total, i) => mean(total, sums.counts[i])),
    weights: Float64Array.from(sums.weights, (total, i) => mean(total, sums.counts[i])),
    cosines,
    gradientNorms: sums.normCounts.some((count) => count > 0)
      ? sums.norms.map((total, i) => mean(total, sums.normCounts[i]))
      : undefined,
    terms: Object.fromEntries(Object.entries(sums.terms).map(([name, total]) => [name, mean(total, sums.steps)])),
    logged: Object.fromEntries(
      Object.entries(sums.logged).map(([name, { total, count }]) => [name, mean(total, count)]),
    ),
  };
}

/** Adds an epoch's numbers: every series has one per epoch, NaN where there was none. */
export function addNumbers(
  history: History,
  kind: 'logged' | 'gradientNorms',
  numbers: { readonly [name: string]: number },
): void {
  const epochs = history.seconds.length;
  for (const name of Object.keys(numbers)) history[kind][name] ??= new Array<number>(epochs).fill(Number.NaN);
  for (const [name, series] of Object.entries(history[kind])) series.push(numbers[name] ?? Number.NaN);
}

/** Likewise its cosines. Weights may hold for longer than an epoch, which then has none. */
export function addCosines({ cosines, seconds }: History, found: number[][] | undefined): void {
  const k = (found ?? cosines[0])?.length;
  if (k === undefined) return;
  const none = () => Array.from({ length: k }, () => new Array<number>(k).fill(Number.NaN));
  while (cosines.length < seconds.length) cosines.push(none());
  cosines.push(found ?? none());
}

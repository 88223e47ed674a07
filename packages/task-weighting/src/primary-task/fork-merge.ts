import {
  type AnyTask,
  type Balancing,
  type HostTensor,
  type MultiTaskDataset,
  PolytaskError,
  requireOption,
  type TaskScores,
  type TrainedModel,
  type Trainer,
  UnknownNameError,
} from '@polytask/core';
import { constantWeighting } from '../loss-weighting/constant-weighting.js';
import { sumOf } from '../solvers/dense.js';

/** Those of the paper. */
const publishedRatios = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** Options of {@link forkMerge}. */
export interface ForkMergeOptions<Tasks extends readonly AnyTask[]> {
  /** Makes a trainer with this balancing and seed: otherwise the same every time. It is disposed of here. */
  readonly open: (balancing: Balancing, seed: number) => Promise<Trainer<Tasks>>;
  readonly train: MultiTaskDataset;
  readonly validation: MultiTaskDataset;
  /** The task that counts. */
  readonly primary: Tasks[number]['name'];
  /** How often branches fork and merge. */
  readonly rounds: number;
  /** Epochs of every branch in a round; its best one counts. Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** How many of the most helpful auxiliary tasks each branch has. Default 0, 1 and 2, as in the paper. */
  readonly sizes?: readonly number[];
  /**
   * Shares of a further branch that are tried, relative to the mean of those before. Default 0, 0.2, … 1, as in the
   * paper.
   */
  readonly ratios?: readonly number[];
  /** Of round 0; further rounds count on. Default 0. */
  readonly seed?: number;
}

/** What one round came to. */
export interface ForkMergeRound {
  /** Auxiliary tasks of every branch, the best branch first. */
  readonly branches: readonly (readonly string[])[];
  /**
   * Their scores on the validation data: the primary task's primary metric, with its sign turned where lower is better.
   */
  readonly scores: readonly number[];
  /** Shares of the branches in the merged model, which sum to 1. */
  readonly shares: readonly number[];
  /** Score of the merged model. */
  readonly merged: number;
}

/**
 * ForkMerge: the model forks into branches, each with other auxiliary tasks, and is merged again as validation data
 * say.
 *
 * $$ \theta_b \leftarrow \operatorname{train}\Big( \theta,\ L_p + \frac{1}{\lvert A_b \rvert} \sum_{i \in A_b} L_i \Big), \qquad
 * \theta \leftarrow \sum_b \lambda_b \theta_b $$
 *
 * where
 * - p is the primary task, and A_b are the auxiliary tasks of branch b: the k most helpful ones, of which k is in
 *   `sizes`. How helpful a task is shows a run of p and that task alone, before round 0,
 * - λ, which sums to 1, is searched for greedily: branches come in the order of their scores, the best with 1, and each
 *   further one with whichever $\lambda_i = \alpha \sum_{j < i} \lambda_j / i$ is best for the primary task on the
 *   validation data, α among `ratios`.
 *
 * α = 0 is tried too: on the validation data the merged model is no worse than its best branch, and with 0 in `sizes`
 * no worse than the primary task alone.
 *
 * @remarks A loop around whole runs and not a balancing, since every branch has an optimizer of its own. Branches start
 * every round with fresh moments; statistics of BatchNorm are averaged like weights. It costs rounds × branches ×
 * epochs of training, and a run per auxiliary task before.
 * @returns The merged model, for `loadModel` of a trainer, and what every round came to.
 * @throws `POLYTASK_INVALID_OPTION`, `POLYTASK_UNKNOWN_NAME` for a primary task that there is not; `POLYTASK_NO_VALIDATION` where its
 * primary metric is no number on the validation data.
 * @see J. Jiang et al., "ForkMerge: mitigating negative transfer in auxiliary-task learning", NeurIPS 2023,
 * https://arxiv.org/abs/2301.12618
 * @example
 * ```ts
 * import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
 * import { plainSharing } from '@polytask/core/testing';
 * import { forkMerge } from '@polytask/task-weighting';
 *
 * const x = Float32Array.from({ length: 16 }, (_, i) => i / 16);
 * const columns = { line: x.map((value) => 2 * value), curve: x.map((value) => value ** 2) };
 * const data = tableDataset({ inputs: { x: { data: x, shape: [16, 1] } }, columns });
 * const { model, rounds } = await forkMerge({
 *   open: (balancing, seed) =>
 *     createTrainer({ tasks: [regression('line'), regression('curve')], sharing: plainSharing(mlp([4])), balancing, seed }),
 *   train: data,
 *   validation: data,
 *   primary: 'line',
 *   rounds: 1,
 *   sizes: [0, 1],
 * });
 * console.log(rounds[0]?.branches.length, Object.keys(model.variables).length); // => 2 6
 * ```
 */
export async function forkMerge<const Tasks extends readonly AnyTask[]>(
  options: ForkMergeOptions<Tasks>,
): Promise<{ readonly model: TrainedModel; readonly rounds: readonly ForkMergeRound[] }> {
  const { primary, rounds, epochs = 1, sizes = [0, 1, 2], ratios = publishedRatios, seed = 0 } = options;
  for (const [name, value] of Object.entries({ rounds, epochs })) {
    requireOption(Number.isInteger(value) && value > 0, name, 'a positive whole number', value);
  }
  const right = sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && size >= 0);
  requireOption(right, 'sizes', 'whole numbers from 0, at least one', sizes);
  const shares = ratios.every((ratio) => Number.isFinite(ratio) && ratio >= 0);
  requireOption(shares, 'ratios', 'numbers from 0', ratios);
  const names = await taskNames(options);
  if (!names.includes(primary)) throw new UnknownNameError('task', primary, names, 'primary');
  const helpers = names.filter((name) => name !== primary);
  const alone = [];
  for (const helper of helpers) alone.push(await trainBranch(options, [helper], names, seed, undefined));
  const ranked = byScore(alone).flatMap(({ helpers: own }) => own);
  const branchSizes = [...new Set(sizes.map((size) => Math.min(size, helpers.length)))];
  const done: ForkMergeRound[] = [];
  let model: TrainedModel | undefined;
  for (let round = 0; round < rounds; round++) {
    const branches = [];
    for (const size of branchSizes) {
      branches.push(await trainBranch(options, ranked.slice(0, size), names, seed + round, model));
    }
    const sorted = byScore(branches);
    const merged = await merge(options, sorted);
    model = merged.model;
    const scores = sorted.map(({ score }) => score);
    done.push({
      branches: sorted.map((branch) => branch.helpers),
      scores,
      shares: merged.shares,
      merged: merged.score,
    });
  }
  return { model: model as TrainedModel, rounds: done };
}

/** A branch at the best of its epochs. */
interface Branch {
  readonly helpers: readonly string[];
  readonly model: TrainedModel;
  readonly score: number;
}

function byScore(branches: readonly Branch[]): Branch[] {
  return [...branches].sort((a, b) => b.score - a.score);
}

async function taskNames<Tasks extends readonly AnyTask[]>({
  open,
  seed = 0,
}: ForkMergeOptions<Tasks>): Promise<string[]> {
  const trainer = await open(constantWeighting(), seed);
  trainer.dispose();
  return trainer.tasks.map(({ name }) => name);
}

async function trainBranch<Tasks extends readonly AnyTask[]>(
  options: ForkMergeOptions<Tasks>,
  helpers: readonly string[],
  names: readonly string[],
  seed: number,
  start: TrainedModel | undefined,
): Promise<Branch> {
  const { open, train, primary, epochs = 1, batchSize = 32 } = options;
  const weightOf = (name: string) => (name === primary ? 1 : helpers.includes(name) ? 1 / helpers.length : 0);
  const weights = Object.fromEntries(names.map((name) => [name, weightOf(name)]));
  const trainer = await open(constantWeighting({ weights }), seed);
  try {
    if (start !== undefined) await trainer.loadModel(start);
    let best: Branch | undefined;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      await trainer.fit(train, { epochs: epoch, batchSize });
      const score = await scoreOf(options, trainer);
      if (best === undefined || score > best.score) best = { helpers, score, model: await trainer.model() };
    }
    return best as Branch;
  } finally {
    trainer.dispose();
  }
}

async function merge<Tasks extends readonly AnyTask[]>(options: ForkMergeOptions<Tasks>, branches: readonly Branch[]) {
  const { open, ratios = publishedRatios, seed = 0 } = options;
  const [first, ...further] = branches as readonly [Branch, ...Branch[]];
  const trainer = await open(constantWeighting(), seed);
  try {
    let best = { model: first.model, score: first.score, shares: [1] };
    for (const [i] of further.entries()) {
      const before = best.shares;
      best = { ...best, shares: [...before, 0] };
      for (const ratio of ratios) {
        if (ratio === 0) continue;
        const shares = [...before, ratio / (i + 1)];
        const total = sumOf(shares);
        const normalised = shares.map((share) => share / total);
        const model = average(
          branches.map((branch) => branch.model),
          normalised,
        );
        await trainer.loadModel(model);
        const score = await scoreOf(options, trainer);
        if (score > best.score) best = { model, score, shares: normalised };
      }
    }
    return best;
  } finally {
    trainer.dispose();
  }
}

/** The primary task's primary metric on the validation data; the higher the better. */
async function scoreOf<Tasks extends readonly AnyTask[]>(
  { validation, primary }: ForkMergeOptions<Tasks>,
  trainer: Trainer<Tasks>,
): Promise<number> {
  const task = trainer.tasks.find(({ name }) => name === primary) as AnyTask;
  const metric = task.metrics.find(({ name }) => name === task.primaryMetric);
  const scores = (await trainer.evaluate(validation)).tasks as { readonly [task: string]: TaskScores };
  const value = (scores[primary] as unknown as { readonly [metric: string]: number })[task.primaryMetric] as number;
  if (Number.isNaN(value)) {
    throw new PolytaskError(
      'POLYTASK_NO_VALIDATION',
      `Branches are compared by \`${task.primaryMetric}\` of task \`${primary}\` on the validation data, but it is no number there. ` +
        'Give validation data with labels of that task, of several classes where the metric needs them.',
    );
  }
  return metric?.better === 'lower' ? -value : value;
}

/** Σ λ_b θ_b; branches beyond the shares count for nothing. */
function average(models: readonly TrainedModel[], shares: readonly number[]): TrainedModel {
  const first = models[0] as TrainedModel;
  const mean = ([path, { data, shape }]: [string, HostTensor]): [string, HostTensor] => {
    const sum = new Float64Array(data.length);
    shares.forEach((share, b) => {
      const own = models[b]?.variables[path]?.data as Float32Array;
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + share * (own[i] as number);
    });
    return [path, { data: Float32Array.from(sum), shape }];
  };
  return { ...first, variables: Object.fromEntries(Object.entries(first.variables).map(mean)) };
}

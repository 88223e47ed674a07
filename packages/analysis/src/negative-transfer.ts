import { requireOption, uniformStream } from '@polytask/core';
import { studentQuantile } from './student-t.js';

/** What one task got by one metric, seed by seed: the i-th numbers of both lists are of the same seed and the same rows. */
export interface PairedValues {
  /** Of the network that learned all tasks. */
  readonly joint: readonly number[];
  /** Of the network that learned this task alone. */
  readonly alone: readonly number[];
  /** Which way the metric is better. */
  readonly better: 'higher' | 'lower';
}

/** What learning together did to a task, as far as the seeds say. */
export type TransferVerdict = 'helps' | 'hurts' | 'cannot tell';

/** What learning together gained over several seeds, in percent of what was reached alone; positive is better. */
export interface TransferGain {
  /** Seed by seed; null where one of the two values is missing, or the one alone is 0. */
  readonly gains: readonly (number | null)[];
  /** How many seeds count. */
  readonly seeds: number;
  /** Mean over the seeds. */
  readonly mean: number;
  /** Standard deviation over the seeds, by n − 1; null for one seed. */
  readonly spread: number | null;
  /** Where the mean over very many seeds lies, with the confidence that was asked for; null for one seed. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly verdict: TransferVerdict;
  /**
   * Under `cannot tell`: how many seeds would show a gain of this size in four of five such experiments; null where that are more than
   * 1,000, or nothing is known of the spread.
   */
  readonly seedsNeeded: number | null;
}

/** What {@link negativeTransfer} found. */
export interface NegativeTransfer {
  readonly tasks: { readonly [task: string]: TransferGain };
  /** The mean over those tasks, seed by seed: Δm. Undefined where no task can be compared. */
  readonly mean: TransferGain | undefined;
  /** Tasks that cannot be compared. */
  readonly leftOut: readonly string[];
}

/** Options of {@link negativeTransfer}. */
export interface NegativeTransferOptions {
  /** Of the intervals. Default 0.95. */
  readonly confidence?: number;
  /** Resamples of the bootstrap. Default 2000. */
  readonly resamples?: number;
  /** Of the resamples. Default 0. */
  readonly seed?: number;
}

/** The fewest seeds from which anything is said: two that agree by chance have no spread at all. */
const fewest = 3;
const mostNeeded = 1000;
const power = 0.8;

/**
 * Whether learning together helps or hurts each task, from runs over several seeds, paired seed by seed:
 *
 * $$ g_s = \pm 100 \, \frac{M_s - B_s}{|B_s|}, \qquad \bar g \pm t_{n-1} \, \frac{\hat\sigma(g)}{\sqrt n} $$
 *
 * where
 * - $M_s$ is the joint network's value with seed $s$, $B_s$ that of the network for this task alone, the sign such that positive is better,
 * - $n$ is the number of seeds, $\hat\sigma$ the standard deviation over them.
 *
 * The interval is the wider, on either side, of Student's (above) and of the percentile bootstrap, which draws seeds with
 * replacement. A task is helped or hurt where the interval is above or below 0, and there are at least three seeds.
 *
 * @remarks The bootstrap alone is too narrow for few seeds: with three it never leaves the range of the three, and one experiment in four
 * without any effect has all three on one side. Student's alone trusts in symmetry. What is said is about other seeds on the same
 * rows, not about other rows. Every task has its own interval: of twenty tasks without any effect one looks helped or hurt.
 * @param tasks By task, its values.
 * @returns Per task and for the mean over the tasks: gains, interval, verdict, and how many seeds a verdict would take.
 * @throws `POLYTASK_INVALID_OPTION` for lists of different lengths, or options out of range.
 * @see B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall 1993, chapter 13.
 * @example
 * ```ts
 * import { negativeTransfer } from '@polytask/analysis';
 *
 * const { tasks } = negativeTransfer({
 *   depth: { joint: [0.52, 0.5, 0.51, 0.53], alone: [0.61, 0.6, 0.6, 0.62], better: 'lower' },
 *   labels: { joint: [0.71, 0.68, 0.7, 0.69], alone: [0.7, 0.7, 0.69, 0.69], better: 'higher' },
 * });
 * console.log(tasks.depth?.verdict, tasks.labels?.verdict); // => helps cannot tell
 * ```
 */
export function negativeTransfer(
  tasks: { readonly [task: string]: PairedValues },
  options: NegativeTransferOptions = {},
): NegativeTransfer {
  const { confidence = 0.95, resamples = 2000, seed = 0 } = options;
  requireOption(confidence > 0 && confidence < 1, 'confidence', 'a number between 0 and 1', confidence);
  requireOption(
    Number.isInteger(resamples) && resamples >= 1 && resamples <= 1e6,
    'resamples',
    'a whole number from 1 to 1000000',
    resamples,
  );
  const gains = Object.entries(tasks).map(([task, values]) => [task, gainsOf(task, values)] as const);
  const lengths = new Set(gains.map(([, list]) => list.length));
  requireOption(lengths.size <= 1, 'tasks', 'as many values for every task', [...lengths]);
  const known = gains.filter(([, list]) => list.some((gain) => gain !== null));
  const judge = (list: readonly (number | null)[], name: string) =>
    judgeGains(list, confidence, means(list, resamples, uniformStream(seed, 'negative-transfer', name)));
  const [first] = known;
  const meanGains = first?.[1].map((_, at) => meanOrNull(known.map(([, list]) => list[at] ?? null)));
  return {
    tasks: Object.fromEntries(known.map(([task, list]) => [task, judge(list, task)])),
    mean: meanGains?.some((gain) => gain !== null) ? judge(meanGains, '') : undefined,
    leftOut: gains.filter(([, list]) => list.every((gain) => gain === null)).map(([task]) => task),
  };
}

function gainsOf(task: string, { joint, alone, better }: PairedValues): (number | null)[] {
  requireOption(joint.length === alone.length, `tasks.${task}.alone`, `${joint.length} values, as \`joint\``, alone);
  return joint.map((together, at) => {
    const base = alone[at] as number;
    if (!Number.isFinite(together) || !Number.isFinite(base) || base === 0) return null;
    const change = (100 * (together - base)) / Math.abs(base);
    return better === 'higher' ? change : 0 - change;
  });
}

/** The mean over the tasks for one seed; a seed in which a task is missing says nothing of the mean. */
function meanOrNull(gains: readonly (number | null)[]): number | null {
  return gains.includes(null) ? null : meanOf(gains as number[]);
}

function judgeGains(all: readonly (number | null)[], confidence: number, resampled: Float64Array): TransferGain {
  const gains = all.filter((gain) => gain !== null);
  const seeds = gains.length;
  const mean = meanOf(gains);
  const none = { gains: all, seeds, mean, verdict: 'cannot tell' as const, seedsNeeded: null };
  if (seeds < 2) return { ...none, spread: null, interval: null };
  const spread = Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (seeds - 1));
  const tail = (1 - confidence) / 2;
  const half = (studentQuantile(1 - tail, seeds - 1) * spread) / Math.sqrt(seeds);
  const interval = {
    low: Math.min(mean - half, quantile(resampled, tail)),
    high: Math.max(mean + half, quantile(resampled, 1 - tail)),
  };
  if (seeds >= fewest && interval.low > 0) return { ...none, spread, interval, verdict: 'helps' };
  if (seeds >= fewest && interval.high < 0) return { ...none, spread, interval, verdict: 'hurts' };
  return { ...none, spread, interval, seedsNeeded: seedsFor(Math.abs(mean), spread, tail) };
}

/** The smallest number of seeds with which a mean of this size is beyond its interval in four of five experiments. */
function seedsFor(effect: number, spread: number, tail: number): number | null {
  const shows = (seeds: number) => {
    const quantiles = studentQuantile(1 - tail, seeds - 1) + studentQuantile(power, seeds - 1);
    return effect > 0 && effect >= (quantiles * spread) / Math.sqrt(seeds);
  };
  if (!shows(mostNeeded)) return null;
  let [no, yes] = [fewest - 1, mostNeeded];
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2);
    if (shows(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

/** Means of resamples with replacement, in order of size. */
function means(all: readonly (number | null)[], resamples: number, uniform: () => number): Float64Array {
  const gains = all.filter((gain) => gain !== null);
  const draw = () => gains[Math.floor(uniform() * gains.length)] as number;
  return Float64Array.from({ length: resamples }, () => meanOf(gains.map(draw))).sort();
}

/** Between the two values beside it, by distance. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] as number;
  const high = sorted[Math.ceil(place)] as number;
  return low + (place - Math.floor(place)) * (high - low);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

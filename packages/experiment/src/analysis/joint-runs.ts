import {
  type GroupScore,
  higherOrderApproximation,
  leaveOneOut,
  pairwiseGains,
  relativeGain,
  synergy,
} from '@polytask/analysis';
import type { AnalysisDocument } from './analysis-document.js';
import { bestGroups } from './grouping-stage.js';
import { pairsOf } from './pairs-of.js';

/** Which sets of tasks an analysis trains besides all together and each alone. */
export const jointKinds = ['pairs', 'leave-one-out'] as const;
export type JointKind = (typeof jointKinds)[number];

/** A set of tasks that was trained, by number, and what each scored; NaN where nothing was measured. */
export interface TrainedSet {
  readonly tasks: readonly number[];
  readonly seed: number;
  readonly scores: readonly number[];
}

/** What the scores are of. */
export interface ScoredTasks {
  readonly names: readonly string[];
  /** By task, which way its score is better. */
  readonly better: readonly ('higher' | 'lower')[];
}

/** The sets of `count` tasks that are asked for, each once, without all together and each alone. */
export function setsToTrain(count: number, kinds: readonly JointKind[]): number[][] {
  const all = Array.from({ length: count }, (_, task) => task);
  const wanted = [
    ...(kinds.includes('pairs') ? pairsOf(all) : []),
    ...(kinds.includes('leave-one-out') ? all.map((left) => all.filter((task) => task !== left)) : []),
  ];
  const further = wanted.filter((set) => set.length > 1 && set.length < count);
  return [...new Map(further.map((set) => [keyOf(set), [...set]])).values()];
}

/** What the trainings say: gains over seeds, what pairs say of larger groups, and the best groups. Numbers not known are NaN. */
export function compareJointRuns(
  { names, better }: ScoredTasks,
  kinds: readonly JointKind[],
  trained: readonly TrainedSet[],
): NonNullable<AnalysisDocument['jointRuns']> {
  const seeds = [...new Set(trained.map(({ seed }) => seed))];
  const all = names.map((_, task) => task);
  const found = new Map(trained.map(({ tasks, seed, scores }) => [`${seed}:${keyOf(tasks)}`, { tasks, scores }]));
  const score = (seed: number, set: readonly number[], task: number) => {
    const one = found.get(`${seed}:${keyOf(set)}`);
    return one?.scores[one.tasks.indexOf(task)] ?? Number.NaN;
  };
  /** The gain of a task by being with others, over seeds. */
  const gain = (set: readonly number[], task: number) =>
    meanOf(
      seeds.map((seed) => relativeGain(score(seed, [task], task), score(seed, set, task), better[task] ?? 'lower')),
    );
  const alone = (seed: number) => all.map((task) => score(seed, [task], task));
  const without = (left: number) => all.filter((task) => task !== left);

  const pairs = kinds.includes('pairs')
    ? overSeeds(
        seeds.map((seed) => {
          const scores = pairsOf(all).map(([a, b]) => {
            return { tasks: [a, b] as const, scores: [score(seed, [a, b], a), score(seed, [a, b], b)] as const };
          });
          return pairwiseGains(alone(seed), scores, better);
        }),
      )
    : undefined;
  const leftOut = kinds.includes('leave-one-out')
    ? overSeeds(
        seeds.map((seed) => {
          const rest = all.map((left) => all.map((task) => score(seed, without(left), task)));
          return leaveOneOut(
            all.map((task) => score(seed, all, task)),
            rest,
            better,
          );
        }),
      )
    : undefined;

  const { gains } = pairs ?? {};
  const larger = new Map(
    trained.filter(({ tasks }) => tasks.length > 2).map(({ tasks }) => [keyOf(tasks), tasks] as const),
  );
  const estimate = (task: number, group: readonly number[]) =>
    higherOrderApproximation(gains as readonly (readonly number[])[], task, group);
  const measured = new Map([...larger].map(([key, set]) => [key, new Map(set.map((task) => [task, gain(set, task)]))]));
  const groupScore: GroupScore = (task, group) => {
    const known = measured.get(keyOf(group))?.get(task);
    return known !== undefined && Number.isFinite(known) ? known : estimate(task, group);
  };
  return {
    seeds,
    trained: trained.map(({ tasks, seed, scores }) => ({
      tasks: tasks.map((task) => names[task] as string),
      seed,
      scores: Object.fromEntries(tasks.map((task, n) => [names[task] as string, scores[n] as number])),
    })),
    gains: Object.fromEntries(names.map((name, task) => [name, gain(all, task)])),
    ...(pairs && { pairs }),
    ...(leftOut && { leaveOneOut: leftOut }),
    ...(gains &&
      leftOut &&
      names.length > 2 && {
        synergy: all.map((i) =>
          all.map((j) => (i === j ? Number.NaN : synergy(gain(all, j), gains[i]?.[j] as number, gain(without(i), j)))),
        ),
      }),
    ...(gains && {
      approximation: [...larger.values()].flatMap((set) =>
        set.map((task) => ({
          tasks: set.map((one) => names[one] as string),
          task: names[task] as string,
          estimated: estimate(task, set),
          measured: gain(set, task),
        })),
      ),
      ...(gains.flat().every(Number.isFinite) && { cover: bestGroups(names, groupScore) }),
    }),
  };
}

const keyOf = (set: readonly number[]) => [...set].sort((a, b) => a - b).join();

/** Of those that are known. */
function meanOf(values: readonly number[]): number {
  const known = values.filter(Number.isFinite);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function overSeeds(matrices: readonly (readonly (readonly number[])[])[]): { gains: number[][]; spread: number[][] } {
  const each = (of: (values: readonly number[]) => number) =>
    (matrices[0] ?? []).map((row, i) => row.map((_, j) => of(matrices.map((matrix) => matrix[i]?.[j] as number))));
  const spreadOf = (values: readonly number[]) => {
    const known = values.filter(Number.isFinite);
    const mean = meanOf(known);
    if (known.length < 2) return Number.NaN;
    return Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1));
  };
  return { gains: each(meanOf), spread: each(spreadOf) };
}

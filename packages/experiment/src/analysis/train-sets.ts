import { type AnyTask, metricDirections } from '@polytask/core';
import { InputError } from '../errors/mistakes.js';
import { withoutTaught } from '../parts/network.js';
import type { PreparedRun } from '../parts/prepare-run.js';
import type { NetworkResult } from '../run/document.js';
import { trainNetwork } from '../run/train-network.js';
import { type AnalysisSurroundings, networkRun } from './analysis-surroundings.js';
import { type JointKind, jointKinds, setsToTrain, type TrainedSet } from './joint-runs.js';

/**
 * Checks which sets of tasks are to be trained.
 *
 * @param where - What the user wrote them in.
 * @throws InputError for names that mean nothing, and where there is one task alone.
 */
export function requireJoint(
  kinds: readonly string[],
  tasks: readonly AnyTask[],
  where: string,
): asserts kinds is readonly JointKind[] {
  const refuse = (message: string) => new InputError([{ where, message }]);
  const wrong = kinds.find((kind) => !jointKinds.includes(kind as JointKind));
  const expected = `expected ${jointKinds.join(' or ')}, or both with a comma between them`;
  if (wrong !== undefined) throw refuse(`there is no \`${wrong}\`; ${expected}`);
  if (kinds.length > 0 && tasks.length < 2) throw refuse('this takes at least two tasks, but the run has one');
}

/** What training sets of tasks will cost, for the user to know before it begins. */
export function costOfSets(tasks: number, kinds: readonly JointKind[], repeat: number): string {
  const sets = setsToTrain(tasks, kinds).length;
  const pairs = kinds.includes('pairs') ? (tasks * (tasks - 1)) / 2 : 0;
  const named = [
    ...(kinds.includes('pairs') ? [`${pairs} of pairs`] : []),
    ...(kinds.includes('leave-one-out') ? [`${tasks} with one task left out`] : []),
  ];
  const once = sets < pairs + (kinds.includes('leave-one-out') ? tasks : 0) ? '; what is the same is trained once' : '';
  const each = 1 + tasks + sets;
  const times = repeat === 1 ? '' : ` with each of ${repeat} seeds, ${repeat * each} in all`;
  return `Trainings: 1 of all tasks, ${tasks} of one alone, ${named.join(', ')}${once}: ${each}${times}`;
}

/** How {@link trainSets} works. */
export interface SetsToTrain {
  readonly run: PreparedRun;
  readonly around: AnalysisSurroundings;
  readonly kinds: readonly JointKind[];
  /** What the first seed gave already. */
  readonly joint?: NetworkResult | undefined;
  readonly alone: { readonly [task: string]: NetworkResult };
  readonly goesOn: () => boolean;
}

/**
 * Trains sets of tasks as the run trains all of them, all sets of a seed before the next, so that what is stopped has whole
 * comparisons.
 */
export async function trainSets(request: SetsToTrain): Promise<{ trained: TrainedSet[]; complete: boolean }> {
  const { run, around, kinds, joint, alone, goesOn } = request;
  const { tasks, config } = run;
  const all = tasks.map((_, task) => task);
  const sets = [all, ...all.map((task) => [task]), ...setsToTrain(tasks.length, kinds)];
  const done = [joint, ...tasks.map(({ name }) => alone[name])];
  const trained: TrainedSet[] = [];
  const seeds = Array.from({ length: config.repeat ?? 1 }, (_, n) => config.seed + n);
  const open = seeds.length * sets.length - done.filter((one) => one !== undefined).length;
  around.progress.note(remaining(open, done));
  let number = 0;
  for (const [repetition, seed] of seeds.entries()) {
    for (const [n, set] of sets.entries()) {
      const known = repetition === 0 ? done[n] : undefined;
      if (known === undefined && !goesOn()) return { trained, complete: false };
      const names = set.map((task) => tasks[task]?.name as string);
      const label = () =>
        `Training ${++number} of ${open}: ${names.join(', ')}${repetition > 0 ? `, seed ${seed}` : ''}`;
      const result = known ?? (await trainSet(request, set, seed, label()));
      if (result.tasks !== undefined) trained.push({ tasks: set, seed, scores: scoresOf(tasks, set, result) });
    }
  }
  return { trained, complete: !around.signal.aborted };
}

async function trainSet(
  { run, around }: SetsToTrain,
  set: readonly number[],
  seed: number,
  label: string,
): Promise<NetworkResult> {
  const { tasks, training, data } = run;
  const [first] = set.map((task) => tasks[task] as AnyTask);
  const { length } = set;
  const parts =
    length === 1
      ? await run.alone(first as AnyTask)
      : length === tasks.length
        ? { network: await run.joint(), training, data }
        : await run.group(set.map((task) => tasks[task]?.name as string));
  return trainNetwork({ ...networkRun(around, seed), ...parts, network: withoutTaught(parts.network), label });
}

function scoresOf(tasks: readonly AnyTask[], set: readonly number[], { tasks: scores }: NetworkResult): number[] {
  return set.map((place) => {
    const task = tasks[place] as AnyTask;
    const value = scores?.[task.name]?.[task.primaryMetric];
    const ranks = metricDirections([task])[task.name]?.[task.primaryMetric] !== undefined;
    return typeof value === 'number' && ranks ? value : Number.NaN;
  });
}

/** How many trainings are left, and how long they may take by those that are done. */
function remaining(open: number, done: readonly (NetworkResult | undefined)[]): string {
  const seconds = done.flatMap((one) => (one === undefined ? [] : [one.seconds.training + one.seconds.evaluation]));
  if (seconds.length === 0) return `${open} trainings to go`;
  const mean = seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
  const about = Math.ceil(open * mean);
  return `${open} trainings to go, about ${about < 120 ? `${about} s` : `${Math.round(about / 60)} min`} by those so far`;
}

import type { AnyTask } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { History } from './history.js';
import { type Monitor, monitorNames, monitorScores } from './monitor.js';

/** When to stop before the last epoch, and what to keep. Needs validation data. */
export interface EarlyStopping {
  /** How many epochs without improvement are waited for. */
  readonly patience: number;
  /** How much better counts as better, in the units of what is watched. Default 0. */
  readonly minDelta?: number;
  /**
   * What is watched: `'loss'`, the sum of the tasks' validation losses, weighed as in training (default); `'relative-loss'`, their mean
   * relative to those of the first epoch, so that a task of large losses does not decide alone; `'delta-m'`, Δm of the primary
   * metrics over the first epoch's; `'tasks'`, the loss of every task by itself: the run goes on, with all tasks, until
   * each has stopped improving; one task's metric; or `'primary'`, the run's primary task by its primary metric.
   */
  readonly monitor?: Monitor | 'primary';
  /**
   * Go back at the end. `true`: to the best epoch by the monitor, under `'tasks'` by `'relative-loss'`. `'per-task'`: for every task to the
   * epoch of its own best loss, trunk and head; the model then is as many models as there are tasks. Default false.
   */
  readonly restoreBest?: boolean | 'per-task';
  /**
   * Under `'tasks'`: whether a task that has stopped improving is frozen, from the next epoch on. Its labels count for nothing, so that what it alone
   * uses stands still and it pulls at nothing else. What is shared moves on for the others, which may well harm it: go back by `restoreBest`.
   * Default false.
   */
  readonly freeze?: boolean;
}

interface Best {
  best: number | null;
  /** Counted from 1. */
  bestEpoch: number;
}

/** What is watched, and how far it has come; plain data. */
export interface StoppingState {
  /** {@link EarlyStopping.monitor} as JSON. */
  readonly monitor: string;
  readonly watched: (Best & { waited: number; stopped: boolean })[];
  /** What parameters are kept for: nothing, the run, or every task. */
  readonly kept: Best[];
}

/** What an epoch means for the run. */
export interface StoppingVerdict {
  readonly stop: boolean;
  /** Indices in {@link StoppingState.kept} for which this epoch is the best so far. */
  readonly best: readonly number[];
}

/** The same options, with the run's primary task in the place of `'primary'`. */
export function namingPrimary(
  options: EarlyStopping | undefined,
  tasks: readonly AnyTask[],
  primary: string | undefined,
): EarlyStopping | undefined {
  if (options?.monitor !== 'primary') return options;
  const task = tasks.find(({ name }) => name === primary);
  const advice = 'Declare it: `createTrainer({ primary: ... })`.';
  requireOption(
    task !== undefined,
    'earlyStopping.monitor',
    "'primary' only in a run with a primary task",
    'primary',
    advice,
  );
  const { name, primaryMetric } = task as AnyTask;
  return { ...options, monitor: { task: name, metric: primaryMetric } };
}

/** Checks the options against the tasks. */
export function checkStopping(options: EarlyStopping, tasks: readonly AnyTask[], hasValidation: boolean): void {
  requireOption(
    Number.isInteger(options.patience) && options.patience >= 0,
    'earlyStopping.patience',
    'a whole number of epochs, 0 or more',
    options.patience,
  );
  const { restoreBest } = options;
  requireOption(
    restoreBest === undefined || typeof restoreBest === 'boolean' || restoreBest === 'per-task',
    'earlyStopping.restoreBest',
    "true, false or 'per-task'",
    restoreBest,
  );
  if (!hasValidation) {
    throw new PolytaskError(
      'POLYTASK_NO_VALIDATION',
      'Early stopping watches the validation data; pass `validation` to `fit`.',
    );
  }
  const { monitor, freeze = false } = options;
  requireOption(typeof freeze === 'boolean', 'earlyStopping.freeze', 'true or false', freeze);
  const frozen = "left out, unless every task is watched by itself (`monitor: 'tasks'`)";
  requireOption(!freeze || monitor === 'tasks', 'earlyStopping.freeze', frozen, freeze);
  if (typeof monitor !== 'object') {
    const known = [undefined, ...monitorNames].includes(monitor as Exclude<Monitor, object>);
    requireOption(known, 'earlyStopping.monitor', `${monitorNames.join(', ')}, primary, or { task, metric }`, monitor);
    return;
  }
  const task = tasks.find(({ name }) => name === monitor.task);
  if (task === undefined)
    throw new UnknownNameError(
      'task',
      monitor.task,
      tasks.map(({ name }) => name),
    );
  const names = ['loss', ...task.metrics.filter(({ better }) => better !== 'none').map(({ name }) => name)];
  if (!names.includes(monitor.metric))
    throw new UnknownNameError(`metric of task \`${task.name}\``, monitor.metric, names);
}

/** What an earlier `fit` has watched, or nothing yet where there was none or it watched or kept something else. */
export function startStopping(
  options: EarlyStopping,
  tasks: readonly AnyTask[],
  before: StoppingState | undefined,
): StoppingState {
  const monitor = JSON.stringify(options.monitor ?? 'loss');
  const kept = options.restoreBest === 'per-task' ? tasks.length : options.restoreBest === true ? 1 : 0;
  const nothing = (count: number) => Array.from({ length: count }, () => ({ best: null, bestEpoch: -1 }));
  if (before?.monitor !== monitor) {
    const watched = nothing(options.monitor === 'tasks' ? tasks.length : 1);
    return {
      monitor,
      watched: watched.map((one) => ({ ...one, waited: 0, stopped: false })),
      kept: nothing(kept),
    };
  }
  // With more patience than before, what had stopped goes on.
  for (const one of before.watched) if (one.waited <= options.patience) one.stopped = false;
  return before.kept.length === kept ? before : { ...before, kept: nothing(kept) };
}

/** Whether all that is watched has stopped. */
export function hasStopped({ watched }: StoppingState): boolean {
  return watched.every(({ stopped }) => stopped);
}

/** Names of the tasks that take no further part. */
export function frozenTasks(
  options: EarlyStopping | undefined,
  state: StoppingState | undefined,
  tasks: readonly AnyTask[],
): string[] {
  if (options?.freeze !== true) return [];
  return tasks.flatMap(({ name }, k) => (state?.watched[k]?.stopped ? [name] : []));
}

/** Looks at the last epoch of the history. */
export function judgeEpoch(
  options: EarlyStopping,
  state: StoppingState,
  tasks: readonly AnyTask[],
  history: History,
): StoppingVerdict {
  const monitor = (options.monitor ?? 'loss') as Monitor;
  const epoch = history.seconds.length - 1;
  const scores = (by: Monitor) => monitorScores(by, tasks, history, epoch);
  const isBetter = ({ best }: Best, score: number) =>
    best === null ? !Number.isNaN(score) : score > best + (options.minDelta ?? 0);
  scores(monitor).forEach((score, i) => {
    const one = state.watched[i] as StoppingState['watched'][number];
    // Whoever is frozen stays so, also where what the others learn happens to help.
    if (options.freeze && one.stopped) return;
    if (isBetter(one, score)) {
      Object.assign(one, { best: score, bestEpoch: epoch + 1, waited: 0 });
      return;
    }
    one.waited += 1;
    if (one.waited > options.patience) one.stopped = true;
  });
  const keeping = options.restoreBest === 'per-task' ? 'tasks' : monitor === 'tasks' ? 'relative-loss' : monitor;
  const best: number[] = [];
  if (state.kept.length > 0) {
    scores(keeping).forEach((score, i) => {
      const one = state.kept[i] as Best;
      if (!isBetter(one, score)) return;
      Object.assign(one, { best: score, bestEpoch: epoch + 1 });
      best.push(i);
    });
  }
  return { stop: hasStopped(state), best };
}

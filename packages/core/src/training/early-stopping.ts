import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { AnyTask } from '../spec/task.js';
import type { History } from './history.js';

/** When to stop before the last epoch. Needs validation data. */
export interface EarlyStopping {
  /** Epochs without improvement that are put up with. */
  readonly patience: number;
  /** How much better counts as better, in the units of what is watched. Default 0. */
  readonly minDelta?: number;
  /**
   * What is watched: `'loss'`, the sum of the tasks' validation losses (default); one task's metric; or `'tasks'`: every task
   * by its primary metric. Under `'tasks'` a task that stops improving is left out of training from then on, its own
   * parameters standing still, and the run ends with the last task.
   */
  readonly monitor?: 'loss' | 'tasks' | { readonly task: string; readonly metric: string };
  /** Go back to the parameters of the best epoch at the end; not with `'tasks'`. Default false. */
  readonly restoreBest?: boolean;
}

/** What is watched, and how far it has come; plain data. */
export interface StoppingState {
  readonly watched: { best: number | null; bestEpoch: number; waited: number; stopped: boolean }[];
}

/** What an epoch means for the run. */
export interface StoppingVerdict {
  readonly stop: boolean;
  /** Whether this epoch is the best so far. */
  readonly best: boolean;
  /** Names of tasks to leave out from now on. */
  readonly frozen: readonly string[];
}

/** Checks the options against the tasks. */
export function checkStopping(options: EarlyStopping, tasks: readonly AnyTask[], hasValidation: boolean): void {
  requireOption(
    Number.isInteger(options.patience) && options.patience >= 0,
    'earlyStopping.patience',
    'a whole number of epochs, 0 or more',
    options.patience,
  );
  if (!hasValidation) {
    throw new PolytaskError(
      'POLYTASK_NO_VALIDATION',
      'Early stopping watches the validation data; pass `validation` to `fit`.',
    );
  }
  const { monitor } = options;
  if (typeof monitor === 'object') {
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
  if (monitor === 'tasks' && options.restoreBest === true) {
    throw new PolytaskError(
      'POLYTASK_INVALID_OPTION',
      "`restoreBest` needs one best epoch, but under `monitor: 'tasks'` every task has its own. Leave one of the two out.",
    );
  }
}

/** Nothing watched yet. */
export function startStopping(options: EarlyStopping, tasks: readonly AnyTask[]): StoppingState {
  const count = options.monitor === 'tasks' ? tasks.length : 1;
  return { watched: Array.from({ length: count }, () => ({ best: null, bestEpoch: -1, waited: 0, stopped: false })) };
}

/** Looks at the last epoch of the history. */
export function judgeEpoch(
  options: EarlyStopping,
  state: StoppingState,
  tasks: readonly AnyTask[],
  history: History,
): StoppingVerdict {
  const monitor = options.monitor ?? 'loss';
  const last = (task: string, metric: string): number =>
    (history.tasks as Record<string, Record<string, number[]>>)[task]?.[metric]?.at(-1) ?? Number.NaN;
  const sign = (task: AnyTask, metric: string) =>
    task.metrics.find(({ name }) => name === metric)?.better === 'higher' ? 1 : -1;
  const scores =
    monitor === 'tasks'
      ? tasks.map((task) => sign(task, task.primaryMetric) * last(task.name, task.primaryMetric))
      : monitor === 'loss'
        ? [-tasks.reduce((sum, task) => sum + last(task.name, 'loss'), 0)]
        : [
            sign(tasks.find(({ name }) => name === monitor.task) as AnyTask, monitor.metric) *
              last(monitor.task, monitor.metric),
          ];
  let best = false;
  state.watched.forEach((one, i) => {
    const score = scores[i] as number;
    if (one.best === null ? !Number.isNaN(score) : score > one.best + (options.minDelta ?? 0)) {
      one.best = score;
      one.bestEpoch = history.seconds.length;
      one.waited = 0;
      best = true;
    } else {
      one.waited += 1;
      if (one.waited > options.patience) one.stopped = true;
    }
  });
  return {
    stop: state.watched.every(({ stopped }) => stopped),
    best,
    frozen: monitor === 'tasks' ? tasks.filter((_, i) => state.watched[i]?.stopped).map(({ name }) => name) : [],
  };
}

import type { AnyTask } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { History } from './history.js';

/** When to stop before the last epoch. Needs validation data. */
export interface EarlyStopping {
  /** Epochs without improvement that are put up with. */
  readonly patience: number;
  /** How much better counts as better, in the units of what is watched. Default 0. */
  readonly minDelta?: number;
  /**
   * What is watched: `'loss'`, the sum of the tasks' validation losses (default); one task's metric; `'primary'`: the
   * run's primary task by its primary metric; or `'tasks'`: every task
   * by its primary metric. Under `'tasks'` a task that stops improving is left out of training from then on, its own
   * parameters standing still, and the run ends with the last task.
   */
  readonly monitor?: 'loss' | 'tasks' | 'primary' | { readonly task: string; readonly metric: string };
  /** Go back to the parameters of the best epoch at the end; not with `'tasks'`. Default false. */
  readonly restoreBest?: boolean;
}

/** What is watched, and how far it has come; plain data. */
export interface StoppingState {
  /** {@link EarlyStopping.monitor} as JSON. */
  readonly monitor: string;
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

/** What an earlier `fit` has watched, or nothing yet where there was none or it watched something else. */
export function startStopping(
  options: EarlyStopping,
  tasks: readonly AnyTask[],
  before: StoppingState | undefined,
): StoppingState {
  const monitor = JSON.stringify(options.monitor ?? 'loss');
  if (before?.monitor === monitor) {
    // With more patience than before, what had stopped goes on.
    for (const one of before.watched) if (one.waited <= options.patience) one.stopped = false;
    return before;
  }
  const count = options.monitor === 'tasks' ? tasks.length : 1;
  const watched = Array.from({ length: count }, () => ({ best: null, bestEpoch: -1, waited: 0, stopped: false }));
  return { monitor, watched };
}

/** Whether all that is watched has stopped. */
export function hasStopped({ watched }: StoppingState): boolean {
  return watched.every(({ stopped }) => stopped);
}

/** Names of the tasks that are left out of training. */
export function frozenTasks(options: EarlyStopping, state: StoppingState, tasks: readonly AnyTask[]): string[] {
  return options.monitor === 'tasks' ? tasks.filter((_, i) => state.watched[i]?.stopped).map(({ name }) => name) : [];
}

/** Looks at the last epoch of the history. */
export function judgeEpoch(
  options: EarlyStopping,
  state: StoppingState,
  tasks: readonly AnyTask[],
  history: History,
): StoppingVerdict {
  const monitor = (options.monitor ?? 'loss') as Exclude<EarlyStopping['monitor'], 'primary' | undefined>;
  const last = (task: string, metric: string): number =>
    (history.tasks as Record<string, Record<string, number[]>>)[task]?.[metric]?.at(-1) ?? Number.NaN;
  const sign = (task: AnyTask, metric: string) =>
    task.metrics.find(({ name }) => name === metric)?.better === 'higher' ? 1 : -1;
  const scores =
    monitor === 'tasks'
      ? tasks.map((task) => sign(task, task.primaryMetric) * last(task.name, task.primaryMetric))
      : monitor === 'loss'
        ? [-sumOfKnown(tasks.map((task) => last(task.name, 'loss')))]
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
  return { stop: hasStopped(state), best, frozen: frozenTasks(options, state, tasks) };
}

/** Tasks without a validation label have a loss of NaN and do not count; NaN where there is no other. */
function sumOfKnown(losses: readonly number[]): number {
  const known = losses.filter((loss) => !Number.isNaN(loss));
  return known.length === 0 ? Number.NaN : known.reduce((sum, loss) => sum + loss, 0);
}

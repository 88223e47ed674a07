import type { EpochEvent, StepEvent } from '@polytask/core';
import { noProgress, type Progress, type ProgressOf } from '@polytask/experiment';
import { type Io, print } from '../io.js';
import { createBar } from './bar.js';
import { counted, formatLoss, formatRemaining, formatSeconds } from './format.js';
import type { Standing } from './standing.js';

/** Nothing but warnings, for `--quiet`. */
export function quietProgress({ stderr }: Pick<Io, 'stderr'>): Progress {
  return { ...noProgress, warn: (text) => print(stderr, `Warning: ${text}`) };
}

/** On a terminal a bar that moves and a line for every epoch done; elsewhere the lines alone. */
export function createProgress(
  { stderr, env, signal }: Pick<Io, 'stderr' | 'env' | 'signal'>,
  now = () => performance.now(),
): Progress {
  const bar = stderr.isTTY === true && env.TERM !== 'dumb' ? createBar(stderr) : undefined;
  // What is said about the stop goes where the bar was.
  signal.addEventListener('abort', () => bar?.clear());
  let network: ProgressOf | undefined;
  let tracker = createTracker({ label: '', epochs: 0, stepsPerEpoch: 1, rowsPerStep: 1, tasks: [] }, now);
  const say = (text: string) => {
    bar?.clear();
    print(stderr, text);
  };
  return {
    note: say,
    warn: (text) => say(`Warning: ${text}`),
    begin(next) {
      network = next;
      tracker = createTracker(next, now);
      const from = (next.stepsDone ?? 0) === 0 ? '' : `, going on after step ${next.stepsDone}`;
      print(stderr, `${next.label}: ${counted(next.epochs, 'epoch')} of ${counted(next.stepsPerEpoch, 'step')}${from}`);
    },
    step(event) {
      const standing = tracker.step(event);
      if (!signal.aborted) bar?.show(standing);
    },
    epoch(event) {
      bar?.clear();
      const parts = epochParts(tracker.standing(), event, network?.tasks ?? []);
      // A terminal would break long lines anywhere; files and pipes get one line per epoch.
      print(stderr, bar === undefined ? parts.join('; ') : wrap(parts, stderr.columns ?? 80));
      tracker.nextEpoch();
    },
    end: () => bar?.clear(),
  };
}

/** Keeps means and speed from step to step. */
function createTracker({ epochs, stepsPerEpoch, rowsPerStep, stepsDone = 0 }: ProgressOf, now: () => number) {
  const began = now();
  let epochBegan = began;
  let sums = new Map<string, { sum: number; count: number }>();
  let [epoch, step, taken, takenInEpoch] = [0, 0, 0, 0];
  const standing = (): Standing => {
    const perStep = (now() - began) / 1000 / Math.max(taken, 1);
    return {
      epoch: epoch + 1,
      epochs,
      step,
      steps: stepsPerEpoch,
      losses: [...sums].map(([task, { sum, count }]) => [task, sum / count] as const),
      rowsPerSecond: (takenInEpoch * rowsPerStep) / Math.max((now() - epochBegan) / 1000, 1e-6),
      secondsLeft: Math.max(0, epochs * stepsPerEpoch - stepsDone - taken) * perStep,
    };
  };
  return {
    standing,
    step(event: StepEvent): Standing {
      [epoch, step, taken, takenInEpoch] = [event.epoch, event.batch, taken + 1, takenInEpoch + 1];
      for (const [task, loss] of Object.entries(event.losses)) {
        if (Number.isNaN(loss)) continue;
        const mean = sums.get(task) ?? { sum: 0, count: 0 };
        sums.set(task, { sum: mean.sum + loss, count: mean.count + 1 });
      }
      return standing();
    },
    nextEpoch() {
      epochBegan = now();
      sums = new Map();
      takenInEpoch = 0;
    },
  };
}

/** What is left of an epoch: its losses, what was measured, its time. */
function epochParts(standing: Standing, event: EpochEvent, tasks: ProgressOf['tasks']): string[] {
  const { epoch, epochs, scores, seconds, history } = event;
  // The history knows the whole epoch, also where an earlier process has done a part of it.
  const known = history.tasks as Readonly<Record<string, { readonly trainLoss: readonly number[] }>> | undefined;
  const losses = standing.losses
    .map(([task, loss]) => `${task} ${formatLoss(known?.[task]?.trainLoss.at(-1) ?? loss)}`)
    .join(', ');
  const parts = [`  epoch ${epoch}/${epochs}, step ${history.steps}: loss ${losses}`];
  if (scores !== undefined) {
    const measured = scores.tasks as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const values = tasks.map(({ name, primaryMetric }) => `${name} ${formatLoss(measured[name]?.[primaryMetric])}`);
    const metrics = [...new Set(tasks.map(({ primaryMetric }) => primaryMetric))].join('/');
    parts.push(`validation ${metrics} ${values.join(', ')}`);
  }
  const logged = Object.entries(history.logged ?? {});
  if (logged.length > 0) parts.push(logged.map(([name, series]) => `${name} ${formatLoss(series.at(-1))}`).join(', '));
  parts.push(`${formatSeconds(seconds)}, ${Math.round(standing.rowsPerSecond)} rows/s`);
  if (epoch < epochs) parts.push(`about ${formatRemaining(standing.secondsLeft)} left`);
  return parts;
}

/** Lines of at most `columns`, broken between parts. */
function wrap(parts: readonly string[], columns: number): string {
  return parts.reduce((text, part) => {
    const last = text.slice(text.lastIndexOf('\n') + 1);
    return last.length + part.length + 2 < columns ? `${text}; ${part}` : `${text};\n    ${part}`;
  });
}

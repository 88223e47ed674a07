import type { Batch } from '../contracts/batch.js';
import type { MultiTaskDataset } from '../contracts/dataset.js';
import { labelBatch } from '../data/label-batch.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { evaluateDataset, type Scores } from '../evaluation/evaluate.js';
import { activeTasks } from './batch-feeds.js';
import {
  checkStopping,
  type EarlyStopping,
  frozenTasks,
  hasStopped,
  judgeEpoch,
  startStopping,
} from './early-stopping.js';
import type { EpochEvent, FitOptions, StepEvent } from './fit-options.js';
import { furtherBatches, withoutFrozen } from './further-batches.js';
import { addStep, emptySums, epochMeans, type History, isNumberMetric } from './history.js';
import type { BatchSources } from './primitives.js';
import { change, type Run, requireWhole } from './run.js';
import type { StepOutcome } from './run-step.js';
import { scheduleRows } from './schedule-rows.js';

/** Trains until the last epoch, a stop or the signal. */
export async function fitRun(run: Run, train: MultiTaskDataset, options: FitOptions): Promise<History> {
  requireWhole(run);
  const {
    epochs,
    batchSize = 32,
    validation,
    evaluationBatchSize = 1024,
    shuffle = true,
    lastBatch = 'keep',
  } = options;
  requireOption(Number.isInteger(epochs) && epochs > 0, 'epochs', 'a positive whole number', epochs);
  requireOption(Number.isInteger(batchSize) && batchSize > 0, 'batchSize', 'a positive whole number', batchSize);
  const { description, runtime } = run;
  const { tasks, seed } = description;
  const { earlyStopping } = options;
  if (earlyStopping !== undefined) {
    checkStopping(earlyStopping, tasks, validation !== undefined);
    const stopping = startStopping(earlyStopping, tasks, run.stopping);
    if (stopping !== run.stopping) run.best = undefined;
    run.stopping = stopping;
  }
  run.frozen = earlyStopping && run.stopping ? frozenTasks(earlyStopping, run.stopping, tasks) : [];
  const pass = `batchSize ${batchSize}, lastBatch '${lastBatch}', shuffle ${shuffle} and ${train.size} rows`;
  requireSamePass(run, pass);
  const rows = scheduleRows(run, train, batchSize);
  const cursor = train.open({
    batchSize,
    lastBatch,
    reuse: true,
    ...(shuffle ? { shuffleSeed: `${seed}` } : {}),
    ...(rows === undefined ? {} : { rows }),
  });
  const batches = train.batches({ batchSize, lastBatch });
  const sources = furtherBatches(run, train, validation, batchSize);
  const breathe = breather();
  const stopped = earlyStopping && run.stopping && hasStopped(run.stopping);
  run.history.stopped = stopped ? 'early' : run.epoch < epochs && options.signal?.aborted ? 'signal' : 'running';

  while (run.epoch < epochs && run.history.stopped === 'running') {
    const started = performance.now();
    if (run.position === undefined) cursor.seek(run.epoch, 0);
    else cursor.seekTo(run.position);
    for (let raw = await cursor.next(); raw !== null; raw = await cursor.next()) {
      // Now, and not after the step: meanwhile a cursor may read ahead.
      const position = cursor.position();
      const batch = withoutFrozen(labelBatch(raw, tasks, run.constants, run.overlays, train.sources), run.frozen);
      const present = activeTasks(tasks, batch).length > 0;
      const { counts } = runtime;
      const takeStep = async () => {
        const found = present ? await step(run, batch, sources) : undefined;
        if (found === undefined) run.history.skipped += 1;
        run.batch += 1;
        run.position = position;
        return found;
      };
      const outcome = await change(run, takeStep, () => runtime.counts !== counts);
      if (outcome !== undefined) await tell(run, outcome, batches, options);
      if (options.signal?.aborted) {
        run.history.stopped = 'signal';
        break;
      }
      await breathe();
    }
    if (run.history.stopped === 'signal') break;
    const finishEpoch = () => endEpoch(run, { ...options, evaluationBatchSize }, started);
    const event = await change(run, finishEpoch, () => true);
    await options.onMetrics?.(event);
    for (const callback of options.callbacks ?? []) await callback.epochEnd?.(event, run.overlays);
    if (options.signal?.aborted && run.history.stopped === 'running') run.history.stopped = 'signal';
  }
  if (run.history.stopped === 'running') run.history.stopped = 'epochs';
  if (run.history.stopped !== 'signal' && run.best !== undefined && earlyStopping?.restoreBest) {
    runtime.session.write(runtime.parameters.values, run.best.values);
    runtime.session.write(runtime.parameters.state, run.best.state);
  }
  await runtime.session.sync(runtime.parameters);
  return run.history;
}

async function step(run: Run, batch: Batch, sources: BatchSources): Promise<StepOutcome> {
  const info = { step: run.history.steps, epoch: run.epoch };
  const outcome = await run.runStep(run.runtime, info, batch, sources);
  run.history.steps += 1;
  addStep(run.sums, outcome);
  run.schedule?.observe?.(outcome, info);
  return outcome;
}

async function tell(run: Run, outcome: StepOutcome, batches: number, { callbacks = [] }: FitOptions): Promise<void> {
  if (callbacks.length === 0) return;
  const named = (values: ArrayLike<number>) =>
    Object.fromEntries(run.model.objectives.map((name, k) => [name, values[k] as number]));
  const event: StepEvent = {
    step: run.history.steps - 1,
    epoch: run.epoch,
    batch: run.batch,
    batches,
    losses: named(outcome.losses),
    weights: named(outcome.weights),
    terms: outcome.terms,
  };
  for (const callback of callbacks) await callback.stepEnd?.(event);
}

async function endEpoch(
  run: Run,
  options: FitOptions & { evaluationBatchSize: number },
  started: number,
): Promise<EpochEvent> {
  const { description, model, history } = run;
  const { tasks } = description;
  const means = epochMeans(run.sums);
  const entries = history.tasks as Record<string, Record<string, number[]>>;
  tasks.forEach((task, k) => {
    entries[task.name]?.trainLoss?.push(means.losses[k] as number);
    entries[task.name]?.weight?.push(means.weights[k] as number);
  });
  model.objectives.slice(tasks.length).forEach((name, i) => {
    history.auxiliary[name]?.push(means.losses[tasks.length + i] as number);
  });
  for (const name of model.terms) history.auxiliary[name]?.push(means.terms[name] ?? Number.NaN);
  if (means.cosines !== undefined) history.cosines.push(means.cosines);
  model.balancing.bound.epochEnd?.({ epoch: run.epoch, meanLosses: means.losses });
  let scores: Scores | undefined;
  if (options.validation !== undefined) {
    scores = await evaluateDataset(run.runtime, run.constants, options.validation, options.evaluationBatchSize);
    const scored = scores.tasks as Record<string, Record<string, number>>;
    for (const task of tasks) {
      for (const name of ['loss', ...task.metrics.filter(isNumberMetric).map((metric) => metric.name)]) {
        entries[task.name]?.[name]?.push(scored[task.name]?.[name] as number);
      }
    }
  }
  const seconds = (performance.now() - started) / 1000;
  history.seconds.push(seconds);
  if (options.earlyStopping !== undefined && run.stopping !== undefined) await judge(run, options.earlyStopping);
  run.epoch += 1;
  run.position = undefined;
  run.batch = 0;
  run.sums = emptySums(model.objectives.length);
  return { epoch: run.epoch, epochs: options.epochs, history, scores, seconds };
}

async function judge(run: Run, options: EarlyStopping): Promise<void> {
  const { runtime, history } = run;
  const verdict = judgeEpoch(options, run.stopping as NonNullable<Run['stopping']>, run.description.tasks, history);
  run.frozen = verdict.frozen;
  if (verdict.stop) history.stopped = 'early';
  if (verdict.best && options.restoreBest) {
    run.best = {
      values: await runtime.session.download(runtime.parameters.values),
      state: await runtime.session.download(runtime.parameters.state),
    };
  }
}

/** A position within an epoch is one of its own batches. */
function requireSamePass(run: Run, pass: string): void {
  if (run.position !== undefined && run.pass !== pass) {
    throw new PolytaskError(
      'POLYTASK_OTHER_PASS',
      `This run stopped within an epoch of ${run.pass}, but is to go on with ${pass}. Finish the epoch as it was begun.`,
    );
  }
  run.pass = pass;
}

/** Lets timers, signals and other work run every 50 ms: on a CPU backend a training loop never does so by itself. */
function breather(): () => Promise<void> {
  // A timer waits for a millisecond at least, in a browser for four.
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  const turn = () => new Promise<void>((resolve) => (setImmediate ?? setTimeout)(resolve));
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 50) return;
    await turn();
    last = performance.now();
  };
}

import type { Batch } from '../contracts/batch.js';
import type { Cursor, MultiTaskDataset, RawBatch } from '../contracts/dataset.js';
import type { ValidationScores } from '../contracts/loss-weighting.js';
import { labelBatch } from '../data/label-batch.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { evaluateDataset, type Scores } from '../evaluation/evaluate.js';
import { taskFactor } from './batch-feeds.js';
import { joinBatches } from './batch-parts.js';
import {
  checkStopping,
  type EarlyStopping,
  frozenTasks,
  hasStopped,
  judgeEpoch,
  namingPrimary,
  startStopping,
} from './early-stopping.js';
import type { EpochEvent, FitOptions, StepEvent } from './fit-options.js';
import { furtherBatches, withoutTasks } from './further-batches.js';
import { addCosines, addNumbers, addStep, emptySums, epochMeans, type History, isNumberMetric } from './history.js';
import { lastBatchFor } from './last-batch.js';
import { epochEnds, loggerOf, probe } from './parts-of-run.js';
import { openPerTask } from './per-task-run.js';
import { type RelabelData, relabel } from './relabel.js';
import { change, type Run, requireWhole, stepInfo } from './run.js';
import type { BatchSources } from './runtime.js';
import { scheduleRows } from './schedule-rows.js';
import { requireParts } from './split-batch.js';
import type { StepOutcome } from './step-outcome.js';
import { requireValidationData } from './validation-needs.js';

/** Trains until the last epoch, a stop or the signal. */
export async function fitRun(run: Run, train: MultiTaskDataset, given: FitOptions): Promise<History> {
  requireWhole(run);
  const { description, runtime } = run;
  const { tasks, seed } = description;
  const earlyStopping = namingPrimary(given.earlyStopping, tasks, description.primary);
  const options: FitOptions = { ...given, earlyStopping };
  const { epochs, batchSize = 32, validation, evaluationBatchSize = 1024, shuffle = true, accumulate = 1 } = options;
  const whole = Number.isInteger(epochs) || epochs === Number.POSITIVE_INFINITY;
  requireOption(whole && epochs > 0, 'epochs', 'a positive whole number, or Infinity', epochs);
  requireOption(Number.isInteger(batchSize) && batchSize > 0, 'batchSize', 'a positive whole number', batchSize);
  requireOption(Number.isInteger(accumulate) && accumulate > 0, 'accumulate', 'a positive whole number', accumulate);
  const scheduled = description.schedule !== undefined;
  const lastBatch = lastBatchFor(run.model.layout, train.size, { ...options, scheduled });
  requireParts(run.model.layout, run.model.balancing.description, train.size, { batchSize, accumulate });
  if (validation === undefined) requireValidationData(description);
  if (earlyStopping !== undefined) {
    checkStopping(earlyStopping, tasks, validation !== undefined);
    const stopping = startStopping(earlyStopping, tasks, run.stopping);
    if (stopping !== run.stopping) run.best = [];
    run.stopping = stopping;
  }
  run.frozen = frozenTasks(earlyStopping, run.stopping, tasks);
  run.perTask?.dispose();
  run.perTask = undefined;
  run.history.restored = null;
  const steps = accumulate === 1 ? '' : `, ${accumulate} of them a step`;
  const pass = `batchSize ${batchSize}${steps}, lastBatch '${lastBatch}', shuffle ${shuffle} and ${train.size} rows`;
  requireSamePass(run, pass);
  const batches = Math.ceil(train.batches({ batchSize, lastBatch }) / accumulate);
  const totalEpochs = epochs === Number.POSITIVE_INFINITY ? null : epochs;
  run.length = { totalSteps: totalEpochs && totalEpochs * batches, totalEpochs, stepsPerEpoch: batches };
  const rows = scheduleRows(run, train, batchSize);
  const cursor = train.open({
    batchSize,
    lastBatch,
    // Batches of one step are there at the same time.
    reuse: accumulate === 1,
    ...(shuffle ? { shuffleSeed: `${seed}` } : {}),
    ...(rows === undefined ? {} : { rows }),
  });
  const log = loggerOf(run);
  const further = furtherBatches(run, train, validation, batchSize);
  const sources = further(undefined);
  runtime.further = further;
  const breathe = breather();
  const stopped = earlyStopping && run.stopping && hasStopped(run.stopping);
  run.history.stopped = stopped ? 'early' : run.epoch < epochs && options.signal?.aborted ? 'signal' : 'running';

  while (run.epoch < epochs && run.history.stopped === 'running') {
    const started = performance.now();
    if (run.position === undefined) cursor.seek(run.epoch, 0);
    else cursor.seekTo(run.position);
    for (
      let raws = await nextBatches(cursor, accumulate);
      raws.length > 0;
      raws = await nextBatches(cursor, accumulate)
    ) {
      // Now, and not after the step: meanwhile a cursor may read ahead.
      const position = cursor.position();
      const labelled = raws.map((raw) => labelBatch(raw, tasks, run.constants, run.overlays, train.sources));
      const batch = joinBatches(labelled.map((one) => withoutTasks(one, run.frozen)));
      const { counts, touched } = runtime;
      const takeStep = async () => {
        const found = runtime.teaches(batch, stepInfo(run)) ? await step(run, batch, sources, log) : undefined;
        if (found === undefined) run.history.skipped += 1;
        run.batch += 1;
        run.position = position;
        return found;
      };
      const outcome = await change(run, takeStep, () => runtime.counts !== counts || runtime.touched !== touched);
      if (outcome !== undefined) await tell(run, outcome, batches, options);
      if (options.signal?.aborted) {
        run.history.stopped = 'signal';
        break;
      }
      await breathe();
    }
    if (run.history.stopped === 'signal') break;
    const rows = { train, validation, batchSize: evaluationBatchSize };
    const finishEpoch = () => endEpoch(run, { ...options, evaluationBatchSize }, started, rows);
    const event = await change(run, finishEpoch, () => true);
    await options.onMetrics?.(event);
    for (const callback of options.callbacks ?? []) await callback.epochEnd?.(event, run.overlays);
    if (options.signal?.aborted && run.history.stopped === 'running') run.history.stopped = 'signal';
  }
  if (run.history.stopped === 'running') run.history.stopped = 'epochs';
  if (run.history.stopped !== 'signal' && earlyStopping?.restoreBest) {
    await goBack(run, earlyStopping.restoreBest === 'per-task');
  }
  await runtime.session.sync(runtime.parameters);
  return run.history;
}

/** The batches of one step; fewer at the end of an epoch. */
async function nextBatches(cursor: Cursor, count: number): Promise<RawBatch[]> {
  const raws: RawBatch[] = [];
  while (raws.length < count) {
    const raw = await cursor.next();
    if (raw === null) break;
    raws.push(raw);
  }
  return raws;
}

async function step(
  run: Run,
  batch: Batch,
  sources: BatchSources,
  log: ReturnType<typeof loggerOf>,
): Promise<StepOutcome> {
  const { runtime, model } = run;
  const info = stepInfo(run);
  try {
    if (model.observers.length > 0) await probe(runtime, info, batch);
    const outcome = await run.runStep(runtime, info, batch, sources);
    run.history.steps += 1;
    runtime.reached = info;
    run.schedule?.observe?.(outcome, info);
    for (const { bound } of model.observers) bound.stepEnd?.(outcome, info);
    const told = log === undefined ? outcome : { ...outcome, logged: { ...outcome.logged, ...log() } };
    addStep(run.sums, told);
    return told;
  } finally {
    runtime.endStep();
  }
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
    logged: outcome.logged,
  };
  for (const callback of callbacks) await callback.stepEnd?.(event);
}

async function endEpoch(
  run: Run,
  options: FitOptions & { evaluationBatchSize: number },
  started: number,
  rows: RelabelData,
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
  addCosines(history, means.cosines);
  const norms = means.gradientNorms?.map((norm, k) => [model.objectives[k] as string, norm] as const) ?? [];
  addNumbers(history, 'gradientNorms', Object.fromEntries(norms));
  let scores: Scores | undefined;
  if (options.validation !== undefined) {
    scores = await evaluateDataset(run.runtime, run.constants, options.validation, options.evaluationBatchSize);
    const scored = scores.tasks as Record<string, Record<string, number>>;
    for (const task of tasks) {
      history.validationWeights[task.name] = taskFactor(task, scored[task.name]?.rows ?? 0, options.validation.size);
    }
    for (const task of tasks) {
      for (const name of ['loss', ...task.metrics.filter(isNumberMetric).map((metric) => metric.name)]) {
        entries[task.name]?.[name]?.push(scored[task.name]?.[name] as number);
      }
    }
  }
  const validation = scores?.tasks as ValidationScores | undefined;
  const ends = await epochEnds(run, { epoch: run.epoch, meanLosses: means.losses, validation });
  addNumbers(history, 'logged', { ...means.logged, ...ends, ...(await relabel(run, rows)) });
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
  run.frozen = frozenTasks(options, run.stopping, run.description.tasks);
  if (verdict.stop) history.stopped = 'early';
  if (verdict.best.length === 0) return;
  const snapshot = {
    values: await runtime.session.download(runtime.parameters.values),
    state: await runtime.session.download(runtime.parameters.state),
  };
  for (const index of verdict.best) run.best[index] = snapshot;
}

/** Back to the best epoch, or for every task to its own, where that is asked for. */
async function goBack(run: Run, perTask: boolean): Promise<void> {
  const { runtime, history, stopping, description } = run;
  if (stopping === undefined || run.best.every((one) => one === undefined)) return;
  const epochs = stopping.kept.map(({ best, bestEpoch }) => (best === null ? run.epoch : bestEpoch));
  if (perTask) {
    history.restored = Object.fromEntries(description.tasks.map(({ name }, k) => [name, epochs[k] as number]));
    run.perTask = await openPerTask(run);
    return;
  }
  const { values, state } = run.best[0] as NonNullable<(typeof run.best)[0]>;
  history.restored = epochs[0] as number;
  runtime.session.write(runtime.parameters.values, values);
  runtime.session.write(runtime.parameters.state, state);
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

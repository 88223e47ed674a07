import { labelBatch } from '../data/label-batch.js';
import type { LabelOverlays } from '../data/label-overlay.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { uniformStream } from '../random/uniform-stream.js';
import type { Batch } from '../spec/batch.js';
import type { Cursor, MultiTaskDataset } from '../spec/dataset.js';
import type { AnyTask } from '../spec/task.js';
import { activeTasks } from './batch-feeds.js';
import {
  checkStopping,
  type EarlyStopping,
  frozenTasks,
  hasStopped,
  judgeEpoch,
  startStopping,
} from './early-stopping.js';
import { evaluateDataset, type Scores } from './evaluate.js';
import { addStep, emptySums, epochMeans, type History, isNumberMetric } from './history.js';
import type { BatchSources } from './primitives.js';
import { change, type Run } from './run.js';
import type { StepOutcome } from './run-step.js';

/** What happened in one step. */
export interface StepEvent {
  readonly step: number;
  readonly epoch: number;
  /** Batches of this epoch done, this one included, and in all. */
  readonly batch: number;
  readonly batches: number;
  /** By objective, NaN where it was absent. */
  readonly losses: { readonly [objective: string]: number };
  readonly weights: { readonly [objective: string]: number };
  /** Auxiliary terms, not weighted; see {@link History.auxiliary}. */
  readonly terms: { readonly [term: string]: number };
}

/** What happened in one epoch. */
export interface EpochEvent<Tasks extends readonly AnyTask[] = readonly AnyTask[]> {
  /** Epochs done, this one included. */
  readonly epoch: number;
  readonly epochs: number;
  readonly history: History<Tasks>;
  /** Scores on the validation data, where there are any. */
  readonly scores: Scores<Tasks> | undefined;
  readonly seconds: number;
}

/** Something that looks at a run, and may change labels between epochs. */
export interface Callback {
  /** After every step. Awaited; a checkpoint taken here goes on with the next step. */
  stepEnd?(event: StepEvent): void | Promise<void>;
  /** Between epochs labels may be overlaid: pseudo-labels, distilled targets, confidence. Awaited. */
  epochEnd?(event: EpochEvent, labels: LabelOverlays): void | Promise<void>;
}

/** Options of `fit`. */
export interface FitOptions<Tasks extends readonly AnyTask[] = readonly AnyTask[]> {
  /** Epochs of the whole run: a run that has done 3 of 10, resumed or not, does 7 more. */
  readonly epochs: number;
  /** Rows per step, default 32 (as Keras). */
  readonly batchSize?: number | undefined;
  readonly validation?: MultiTaskDataset | undefined;
  /** Rows per evaluation pass, default 1024. */
  readonly evaluationBatchSize?: number | undefined;
  /** Default true: a new order each epoch, from the run's seed. */
  readonly shuffle?: boolean | undefined;
  /** What happens to a last, smaller batch; default `'keep'`. */
  readonly lastBatch?: 'keep' | 'drop' | undefined;
  readonly earlyStopping?: EarlyStopping | undefined;
  /** Ends the run after the step under way; nothing is lost, `checkpoint` and a later `fit` go on from there. */
  readonly signal?: AbortSignal | undefined;
  readonly onMetrics?: ((event: EpochEvent<Tasks>) => void | Promise<void>) | undefined;
  readonly callbacks?: readonly Callback[] | undefined;
}

/** Trains until the last epoch, a stop or the signal. */
export async function fitRun(run: Run, train: MultiTaskDataset, options: FitOptions): Promise<History> {
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
  const rows = rowsOfSchedule(run, train, batchSize);
  const cursor = train.open({
    batchSize,
    lastBatch,
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
      const batch = withoutFrozen(labelBatch(raw, tasks, run.constants, run.overlays, train.sources), run.frozen);
      const present = activeTasks(tasks, batch).length > 0;
      const outcome = await change(run, async () => {
        const found = present ? await step(run, batch, sources) : undefined;
        if (found === undefined) run.history.skipped += 1;
        run.batch += 1;
        run.position = cursor.position();
        return found;
      });
      if (outcome !== undefined) await tell(run, outcome, batches, options);
      if (options.signal?.aborted) {
        run.history.stopped = 'signal';
        break;
      }
      await breathe();
    }
    if (run.history.stopped === 'signal') break;
    const event = await change(run, () => endEpoch(run, { ...options, evaluationBatchSize }, started));
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

/** The run's schedule as the data set asks it: it speaks of tasks in their order, the data set of its sources. */
function rowsOfSchedule(run: Run, train: MultiTaskDataset, batchSize: number): (() => readonly number[]) | undefined {
  const { schedule: description, tasks, seed } = run.description;
  if (description === undefined) return undefined;
  const names = tasks.map(({ name }) => name);
  const sources = tasks.map((task) =>
    train.sources.findIndex(({ name }) => name === task.name || name === task.column),
  );
  if (train.sources.length !== tasks.length || sources.includes(-1) || new Set(sources).size < tasks.length) {
    throw new PolytaskError(
      'POLYTASK_NO_SOURCES',
      `Schedule \`${description.name}\` chooses rows of each task's own data set, so there must be one per task ` +
        `(${names.join(', ')}); the training data has ${train.sources.map(({ name }) => name).join(', ')}. ` +
        'Join data sets with `perTaskDatasets`.',
    );
  }
  if (run.schedule === undefined) {
    run.schedule = description.bind({
      tasks: names,
      sizes: sources.map((source) => train.sources[source]?.rows as number),
      batchSize,
      uniform: (step) => uniformStream(seed, 'schedule', description.name, step),
    });
    if (run.scheduleState !== undefined) run.schedule.loadState?.(run.scheduleState);
  }
  const { schedule } = run;
  return () => {
    const rows = schedule.rows({ step: run.history.steps, epoch: run.epoch });
    return train.sources.map((_, source) => rows[sources.indexOf(source)] as number);
  };
}

/** Labels of frozen tasks are taken away, so that nothing of theirs moves. */
function withoutFrozen(batch: Batch, frozen: readonly string[]): Batch {
  if (frozen.length === 0) return batch;
  const weights = { ...batch.weights };
  for (const name of frozen) weights[name] = new Float32Array(weights[name]?.length ?? 0);
  return { ...batch, weights };
}

/** Endless streams of further batches, with orders of their own; counted, so that a resumed run goes on where it was. */
function furtherBatches(
  run: Run,
  train: MultiTaskDataset,
  validation: MultiTaskDataset | undefined,
  batchSize: number,
): BatchSources {
  const { tasks, seed } = run.description;
  const cursors = new Map<string, Cursor>();
  const draw = async (kind: 'another' | 'validation', dataset: MultiTaskDataset): Promise<Batch> => {
    const size = Math.min(batchSize, dataset.size);
    const perEpoch = dataset.batches({ batchSize: size, lastBatch: 'drop' });
    const shuffleSeed = `${seed}/${kind}`;
    const cursor = cursors.get(kind) ?? dataset.open({ batchSize: size, lastBatch: 'drop', shuffleSeed });
    cursors.set(kind, cursor);
    const count = run.drawn[kind]++;
    cursor.seek(Math.floor(count / perEpoch), count % perEpoch);
    const raw = await cursor.next();
    if (raw === null)
      throw new PolytaskError('POLYTASK_DATASET', 'The data set ended before the number of batches that it names.');
    const overlays = kind === 'another' ? run.overlays : undefined;
    return withoutFrozen(labelBatch(raw, tasks, run.constants, overlays, dataset.sources), run.frozen);
  };
  return {
    another: () => draw('another', train),
    validation: () => {
      if (validation === undefined) {
        throw new PolytaskError(
          'POLYTASK_NO_VALIDATION',
          `\`${run.description.balancing.name}\` needs batches of validation data; pass \`validation\` to \`fit\`.`,
        );
      }
      return draw('validation', validation);
    },
  };
}

/** Lets timers, signals and other work run every 50 ms: on a CPU backend a training loop never does so by itself. */
function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 50) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}

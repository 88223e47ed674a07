import type { InputSpecs } from '../contracts/batch.js';
import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { Executor, ExecutorSession } from '../contracts/executor.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { Optimizer } from '../contracts/optimizer.js';
import type { BoundSchedule, TaskSchedule } from '../contracts/schedule.js';
import type { AnyTask, TaskConstants } from '../contracts/task.js';
import type { HostTensor, State } from '../contracts/tensors.js';
import { collectLabels } from '../data/collect-labels.js';
import type { LabelOverlays } from '../data/label-overlay.js';
import { PolytaskError } from '../errors/polytask-error.js';
import type { ModelParts } from '../model/model-parts.js';
import { buildModel, type Model } from '../model/multi-task-model.js';
import { createRuntime } from './create-runtime.js';
import type { StoppingState } from './early-stopping.js';
import { type EpochSums, emptyHistory, emptySums, type History } from './history.js';
import { createRunStep } from './run-step.js';
import type { Runtime } from './runtime.js';
import type { RunStep } from './step-outcome.js';

/** The description of a run: what `createTrainer` was given, defaults filled in. */
export interface RunDescription extends Omit<ModelParts, 'inputs' | 'limit'> {
  readonly optimizer: Optimizer;
  readonly executor: Executor;
  readonly schedule: TaskSchedule | undefined;
  /** Whether this is a model of one whole model per task. Default false. */
  readonly perTask?: boolean;
}

/** All variables at the end of an epoch. */
export interface Snapshot {
  readonly values: HostTensor;
  readonly state: HostTensor;
}

/** A run under way. Everything in it that changes is in its checkpoints. */
export interface Run {
  readonly description: RunDescription;
  readonly model: Model;
  readonly runtime: Runtime;
  readonly runStep: RunStep;
  /** What tasks have learned from the training labels so far. */
  readonly constants: { [task: string]: TaskConstants };
  readonly overlays: LabelOverlays;
  history: History;
  sums: EpochSums;
  epoch: number;
  /** Batches of this epoch that have been taken. */
  batch: number;
  /** Where the training cursor stands within the epoch; undefined at its start. */
  position: State | undefined;
  /** How long the run is, as `fit` was last told. */
  length: Omit<StepInfo, 'step' | 'epoch'>;
  /** How `fit` goes through the data, in words: a position means something only there. */
  pass: string;
  /** What is under way and must not be seen half done: a step, or the end of an epoch. */
  busy: Promise<unknown> | undefined;
  /** Something failed half way: parameters may have moved while counts have not. Such a run neither goes on nor is saved. */
  broken: boolean;
  /** Further training and validation batches that plans have asked for, and by `<stream>/<kind>` other parts. */
  drawn: { [stream: string]: number };
  stopping: StoppingState | undefined;
  /** Names of tasks that take no further part in this `fit`. */
  frozen: readonly string[];
  /** Under `restoreBest` the parameters of the best epoch, or of every task's: as `StoppingState.kept`. */
  best: (Snapshot | undefined)[];
  /** The model of every task's best epoch, once training under `restoreBest: 'per-task'` is over. */
  perTask: Run | undefined;
  schedule: BoundSchedule | undefined;
  /** State of the schedule from a checkpoint, until `fit` binds it. */
  scheduleState: State | undefined;
  dispose(): void;
}

/**
 * Builds model and runtime. Constants are learned later, by the first `fit`, or have been restored.
 *
 * @param limit - How many numbers the model's variables may have.
 */
export async function openRun(
  description: RunDescription,
  inputs: InputSpecs,
  constants: { [task: string]: TaskConstants },
  overlays: LabelOverlays,
  limit?: number,
): Promise<Run> {
  const model = buildModel({ ...description, inputs, limit });
  let session: ExecutorSession | undefined;
  const dispose = () => {
    session?.dispose();
    model.dispose();
  };
  try {
    session = await description.executor.open(model.layout);
    const runtime = await createRuntime({ ...description, model, constants, session });
    const run: Run = {
      description,
      model,
      runtime,
      runStep: createRunStep(model.balancing),
      constants,
      overlays,
      history: emptyHistory(description.tasks, [...model.terms, ...model.objectives.slice(model.tasks.length)]),
      sums: emptySums(model.objectives.length),
      epoch: 0,
      batch: 0,
      position: undefined,
      length: { totalSteps: null, totalEpochs: null, stepsPerEpoch: null },
      pass: '',
      busy: undefined,
      broken: false,
      drawn: { another: 0, validation: 0 },
      stopping: undefined,
      frozen: [],
      best: [],
      perTask: undefined,
      schedule: undefined,
      scheduleState: undefined,
      dispose() {
        run.perTask?.dispose();
        run.schedule?.dispose?.();
        dispose();
      },
    };
    return run;
  } catch (error) {
    dispose();
    throw error;
  }
}

/**
 * Does what changes the run in several places; checkpoints wait until it is done.
 *
 * @param isHalf - Whether something has changed already where it fails.
 */
export async function change<Result>(run: Run, work: () => Promise<Result>, isHalf: () => boolean): Promise<Result> {
  const done = work();
  run.busy = done;
  try {
    return await done;
  } catch (error) {
    run.broken ||= isHalf();
    throw error;
  } finally {
    run.busy = undefined;
  }
}

/** The step that comes next. */
export function stepInfo({ history, epoch, length }: Run): StepInfo {
  return { step: history.steps, epoch, ...length };
}

/** Waits until nothing is under way, well or badly. */
export async function settled(run: Run): Promise<void> {
  while (run.busy !== undefined) await run.busy.catch(() => {});
}

/** The model that predicts and is measured, saved and exported. */
export function inUse(run: Run): Run {
  return run.perTask ?? run;
}

/** Refuses a run of which something failed half way. */
export function requireWhole(run: Run): void {
  if (!run.broken) return;
  throw new PolytaskError(
    'POLYTASK_BROKEN_RUN',
    `This run failed within step ${run.history.steps}, so its parameters may have moved while its counts have not; it ` +
      'can neither go on nor be saved. Call `restore` with an earlier checkpoint, or make a new trainer.',
  );
}

/** Lets tasks learn their constants from the training labels, those that have not yet. */
export async function learnConstants(run: Run, train: MultiTaskDataset): Promise<void> {
  for (const task of run.description.tasks) {
    if (lacksConstants(run, task)) run.constants[task.name] = task.prepare?.(await collectLabels(train, task)) ?? {};
  }
}

/** The run, or the reason why there is none yet. */
export function requireRun(run: Run | undefined, what: string): Run {
  if (run !== undefined) return run;
  throw new PolytaskError(
    'POLYTASK_NO_MODEL',
    `\`${what}\` needs a model, which is built by the first \`fit\` (from the data set's inputs) or by \`restore\`. Call one of them first.`,
  );
}

/** The run, whose tasks have learned their constants. */
export function requireLearned(run: Run | undefined, what: string): Run {
  const found = requireRun(run, what);
  const lacking = found.description.tasks.find((task) => lacksConstants(found, task));
  if (lacking === undefined) return found;
  throw new PolytaskError(
    'POLYTASK_NO_MODEL',
    `\`${what}\` needs what task \`${lacking.name}\` learns from the training labels. Call \`fit\` or \`restore\` first.`,
  );
}

function lacksConstants({ constants }: Run, { name, prepare }: AnyTask): boolean {
  return prepare !== undefined && !Object.hasOwn(constants, name);
}

import type { LabelOverlays } from '../data/label-overlay.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { type Balancing, buildModel, type Model } from '../model/multi-task-model.js';
import type { AuxiliaryObjective } from '../spec/auxiliary.js';
import type { InputSpecs } from '../spec/batch.js';
import type { Executor } from '../spec/executor.js';
import type { Optimizer } from '../spec/optimizer.js';
import type { BoundSchedule, TaskSchedule } from '../spec/schedule.js';
import type { SharingStrategy } from '../spec/sharing.js';
import type { AnyTask, TaskConstants } from '../spec/task.js';
import type { HostTensor, State } from '../spec/tensors.js';
import type { StoppingState } from './early-stopping.js';
import { type EpochSums, emptyHistory, emptySums, type History } from './history.js';
import { createRunStep, type RunStep } from './run-step.js';
import { createRuntime, type Runtime } from './runtime.js';

/** The description of a run: what `createTrainer` was given, defaults filled in. */
export interface RunDescription {
  readonly tasks: readonly AnyTask[];
  readonly sharing: SharingStrategy;
  readonly balancing: Balancing;
  readonly auxiliary: readonly AuxiliaryObjective[];
  readonly optimizer: Optimizer;
  readonly executor: Executor;
  readonly schedule: TaskSchedule | undefined;
  readonly seed: number;
}

/** A run under way. Everything in it that changes is in its checkpoints. */
export interface Run {
  readonly description: RunDescription;
  readonly model: Model;
  readonly runtime: Runtime;
  readonly runStep: RunStep;
  readonly constants: { readonly [task: string]: TaskConstants };
  readonly overlays: LabelOverlays;
  history: History;
  sums: EpochSums;
  epoch: number;
  /** Batches of this epoch that have been taken. */
  batch: number;
  /** Where the training cursor stands within the epoch; undefined at its start. */
  position: State | undefined;
  /** Further training and validation batches that plans have asked for. */
  drawn: { another: number; validation: number };
  /** Tasks that early stopping has left out. */
  frozen: readonly string[];
  stopping: StoppingState | undefined;
  /** Parameters of the best epoch, under `restoreBest`. */
  best: { values: HostTensor; state: HostTensor } | undefined;
  schedule: BoundSchedule | undefined;
  /** State of the schedule from a checkpoint, until `fit` binds it. */
  scheduleState: State | undefined;
  dispose(): void;
}

/** Builds model and runtime; the constants have been learned or restored. */
export async function openRun(
  description: RunDescription,
  inputs: InputSpecs,
  constants: { readonly [task: string]: TaskConstants },
  overlays: LabelOverlays,
): Promise<Run> {
  const model = buildModel({ ...description, inputs });
  try {
    const session = await description.executor.open(model.layout);
    const runtime = await createRuntime({ ...description, model, constants, session });
    const run: Run = {
      description,
      model,
      runtime,
      runStep: createRunStep(model.balancing),
      constants,
      overlays,
      history: emptyHistory(description.tasks),
      sums: emptySums(model.objectives.length),
      epoch: 0,
      batch: 0,
      position: undefined,
      drawn: { another: 0, validation: 0 },
      frozen: [],
      stopping: undefined,
      best: undefined,
      schedule: undefined,
      scheduleState: undefined,
      dispose() {
        run.schedule?.dispose?.();
        session.dispose();
        model.dispose();
      },
    };
    return run;
  } catch (error) {
    model.dispose();
    throw error;
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

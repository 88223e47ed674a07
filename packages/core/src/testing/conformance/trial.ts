import * as tf from '@tensorflow/tfjs';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { defineAuxiliary } from '../../contracts/auxiliary.js';
import type { InputSpecs } from '../../contracts/batch.js';
import type { MultiTaskDataset } from '../../contracts/dataset.js';
import type { Lifecycle } from '../../contracts/description.js';
import type { Executor } from '../../contracts/executor.js';
import type { Observer } from '../../contracts/observer.js';
import type { Optimizer } from '../../contracts/optimizer.js';
import type { SharingStrategy } from '../../contracts/sharing.js';
import type { Strategy } from '../../contracts/strategy.js';
import { type AnyTask, defineTask } from '../../contracts/task.js';
import { mlp } from '../../encoders/mlp.js';
import { eager } from '../../executors/eager.js';
import type { Balancing } from '../../model/model-parts.js';
import { adam } from '../../optimizers/adam.js';
import type { StepEvent } from '../../training/fit-options.js';
import { createTrainer, type Trainer, type TrainerOptions } from '../../training/trainer.js';
import { plainSharing } from '../plain-sharing.js';
import { trialData } from './trial-data.js';

/** What is checked: how the part is made, and what it needs around it. */
export interface Subject {
  readonly kind: Strategy['kind'];
  readonly make: (tasks: readonly string[]) => Strategy;
  /** What the trial's model reads. */
  readonly inputs: InputSpecs;
  /** What a task of this name is. */
  readonly task: (name: string) => AnyTask;
  /** The model, where the part is none. */
  readonly sharing: ((tasks: readonly string[]) => SharingStrategy) | undefined;
  /** Whether every task has a data set of its own. */
  readonly perTaskData: boolean;
}

/** How a trial differs from the usual one: three regressions, some labels missing, Adam, `eager()`. */
export interface TrialOptions {
  /** How many tasks, or their names. */
  readonly tasks?: number | readonly string[];
  /** Index of a task whose loss is always 0. */
  readonly zero?: number;
  readonly executor?: Executor;
  readonly optimizer?: Optimizer;
  readonly seed?: number;
  /** Looks on. */
  readonly observer?: Observer;
  /** Whether there is a fourth batch, without any label, and a term that acts on it. An auxiliary objective always has that batch. */
  readonly unlabelled?: boolean;
  /** Instead of a part freshly made. */
  readonly part?: Strategy;
  /** May put another instance in the place of the one that was bound. */
  readonly onBind?: (bound: Lifecycle) => Lifecycle;
}

/** A training run with the part in it. */
export interface Trial {
  readonly trainer: Trainer<readonly AnyTask[]>;
  /** The part's instance. A schedule has none before the first step. */
  readonly bound: () => Lifecycle | undefined;
  readonly tasks: readonly string[];
  readonly events: readonly StepEvent[];
  /** Trains to the end of a number of epochs, or of the step. */
  train(epochs: number, until?: { step: number }): Promise<void>;
  /** All variables by path. */
  values(): Promise<Record<string, Float32Array>>;
  /** As a resumed run gets it, through bytes and back. */
  checkpoint(): Promise<Checkpoint>;
}

/** Batches with labels in an epoch of a trial. */
export const batches = 3;
const rowsPerBatch = 4;

/** Opens a run with the part in its place, hands it on, and gives back all tensors. */
export async function inTrial<Result>(
  subject: Subject,
  options: TrialOptions,
  look: (trial: Trial) => Promise<Result>,
): Promise<Result> {
  await tf.ready();
  const { tasks: asked = 3, zero, executor = eager(), optimizer = adam({ learningRate: 0.01 }), seed = 1 } = options;
  const names = typeof asked === 'number' ? Array.from({ length: asked }, (_, i) => `task${i + 1}`) : asked;
  const tasks = names.map((name, i) => (i === zero ? lossless(subject.task(name)) : subject.task(name)));
  let bound: Lifecycle | undefined;
  const part = watched(options.part ?? subject.make(names), (instance) => {
    bound = options.onBind?.(instance) ?? instance;
    return bound;
  });
  const { unlabelled = subject.kind === 'auxiliary', observer } = options;
  const size = { count: batches + (unlabelled ? 1 : 0), rowsPerBatch };
  const data: MultiTaskDataset = trialData(tasks, subject.inputs, subject.perTaskData, size);
  const sharing = subject.sharing?.(names) ?? plainSharing(mlp([6], { batchNorm: true, dropout: 0.2 }));
  const { inputs } = data;
  const trainer = await createTrainer({
    ...{ tasks, sharing, executor, optimizer, seed, inputs },
    ...(unlabelled && { auxiliary: [small] }),
    ...(observer !== undefined && { observers: [observer] }),
    ...placeOf(part),
  });
  const events: StepEvent[] = [];
  try {
    return await look({
      trainer,
      bound: () => bound,
      tasks: names,
      events,
      async train(epochs, until) {
        const controller = new AbortController();
        const watch = {
          stepEnd(event: StepEvent) {
            events.push(event);
            if (event.step === until?.step) controller.abort();
          },
        };
        const batchSize = subject.perTaskData ? Math.max(rowsPerBatch, names.length) : rowsPerBatch;
        const { signal } = controller;
        // Plans may ask for validation batches.
        const validation = subject.kind === 'step-plan' ? data : undefined;
        await trainer.fit(data, { epochs, batchSize, shuffle: false, validation, callbacks: [watch], signal });
      },
      async values() {
        const { parameters } = trainer;
        const { segments = [], stateSegments = [] } = parameters?.layout ?? {};
        const found: Record<string, Float32Array> = {};
        for (const { path } of [...segments, ...stateSegments]) {
          found[path] = (await parameters?.read(path))?.data.slice() as Float32Array;
        }
        return found;
      },
      checkpoint: async () => decodeCheckpoint(await encodeCheckpoint(await trainer.checkpoint())),
    });
  } finally {
    trainer.dispose();
  }
}

/** Predictions of all tasks are to be small, of rows without labels too. */
const small = defineAuxiliary({
  name: 'small',
  bind: ({ tasks }) => ({
    actsOn: () => tasks.map(({ name }) => name),
    loss: ({ predict }) => tf.addN(tasks.map(({ name }) => tf.mean(tf.square(predict(name))))),
  }),
});

/** Where a trainer takes such a part. */
function placeOf(part: Strategy): Partial<TrainerOptions<readonly AnyTask[]>> {
  switch (part.kind) {
    case 'sharing':
      return { sharing: part };
    case 'auxiliary':
      return { auxiliary: [part] };
    case 'schedule':
      return { schedule: part };
    default:
      return { balancing: part as Balancing };
  }
}

/** The same part, whose instances are shown when they are bound. */
function watched(part: Strategy, onBind: (bound: Lifecycle) => Lifecycle): Strategy {
  const bind = part.bind as (context: unknown) => Lifecycle;
  return Object.freeze({ ...part, bind: (context: unknown) => onBind(bind.call(part, context)) }) as Strategy;
}

/** The same task, whose loss is 0 whatever its head puts out. */
function lossless(task: AnyTask): AnyTask {
  return defineTask({ ...task, loss: (...given) => tf.mul(task.loss(...given), 0) });
}

import * as tf from '@tensorflow/tfjs';
import type { Checkpoint } from '../checkpoints/checkpoint.js';
import { reopenRun, saveRun } from '../checkpoints/run-checkpoint.js';
import { fillModel, modelOf, roomFor } from '../checkpoints/trained-model.js';
import type { AuxiliaryObjective } from '../contracts/auxiliary.js';
import type { InputSpecs } from '../contracts/batch.js';
import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { Executor } from '../contracts/executor.js';
import { guarded } from '../contracts/guard-part.js';
import type { Observer } from '../contracts/observer.js';
import type { Optimizer } from '../contracts/optimizer.js';
import type { ParameterReader } from '../contracts/parameters.js';
import type { TaskSchedule } from '../contracts/schedule.js';
import type { SharingStrategy } from '../contracts/sharing.js';
import type { ForwardOutput } from '../contracts/step-plan.js';
import type { AnyTask } from '../contracts/task.js';
import type { HostTensor, StateValue } from '../contracts/tensors.js';
import type { TrainedModel } from '../contracts/trained-model.js';
import { createOverlays, type LabelOverlays } from '../data/label-overlay.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import {
  evaluateDataset,
  forwardInputs,
  type Inspection,
  inspectInputs,
  type Predictions,
  predictInputs,
  type Scores,
} from '../evaluation/evaluate.js';
import { eager } from '../executors/eager.js';
import { checkPart } from '../model/check-part.js';
import { checkParts } from '../model/check-parts.js';
import type { Balancing } from '../model/model-parts.js';
import { adam } from '../optimizers/adam.js';
import {
  requireDataset,
  requireFitOptions,
  requireInputs,
  requireMapping,
  requireParts,
} from '../options/check-arguments.js';
import { sumOfLosses } from '../plans/sum-of-losses.js';
import { type Inference, inferenceOf } from '../programs/inference.js';
import { fitRun } from './fit.js';
import type { FitOptions } from './fit-options.js';
import { requireOutputs } from './forward-outputs.js';
import type { History } from './history.js';
import { perTaskDescription } from './per-task-run.js';
import { inUse, learnConstants, openRun, type Run, type RunDescription, requireLearned, requireRun } from './run.js';

/** What a run consists of. */
export interface TrainerOptions<Tasks extends readonly AnyTask[]> {
  readonly tasks: Tasks;
  readonly sharing: SharingStrategy;
  /** Default: {@link sumOfLosses}. */
  readonly balancing?: Balancing | undefined;
  readonly auxiliary?: readonly AuxiliaryObjective[] | undefined;
  /** Default: {@link adam} with its defaults. */
  readonly optimizer?: Optimizer | undefined;
  /** Default: {@link eager}. */
  readonly executor?: Executor | undefined;
  /** Look at the run without changing it; {@link Trainer.observations} gives what they saw. */
  readonly observers?: readonly Observer[] | undefined;
  /** The task that the run is for, where the others are there to help it: strategies and early stopping may ask. */
  readonly primary?: Tasks[number]['name'] | undefined;
  /** Named groups of tasks, for strategies that treat some alike. */
  readonly groups?: { readonly [group: string]: readonly Tasks[number]['name'][] } | undefined;
  /** Chooses rows where tasks have data sets of their own; default: in proportion to their sizes. */
  readonly schedule?: TaskSchedule | undefined;
  /** Builds the model at once; otherwise the first `fit` builds it from its data set's inputs. */
  readonly inputs?: InputSpecs | undefined;
  /** All randomness comes from it. Default 0. */
  readonly seed?: number | undefined;
}

/** A run: trains, measures, predicts, and saves itself. Owns all tensors; call `dispose` at the end. */
export interface Trainer<Tasks extends readonly AnyTask[]> {
  readonly tasks: Tasks;
  /** Trains until `epochs` epochs are done in all. Returns the history of the whole run. Errors: `POLYTASK_BUSY` during another `fit`. */
  fit(train: MultiTaskDataset, options: FitOptions<Tasks>): Promise<History<Tasks>>;
  /** Measures every task on a data set. */
  evaluate(dataset: MultiTaskDataset, options?: { batchSize?: number }): Promise<Scores<Tasks>>;
  /** Predicts every task for rows `[rows, ...]` of every input. */
  predict(inputs: { readonly [input: string]: HostTensor }): Promise<Predictions<Tasks>>;
  /**
   * Everything that a forward pass in inference mode gives besides predictions, for rows `[rows, ...]` of every input: outputs of
   * heads, features, the shared representation, and what the sharing strategy names (gates, attention maps).
   */
  inspect(inputs: { readonly [input: string]: HostTensor }): Promise<Inspection>;
  /**
   * Only what is named of that forward pass, as numbers: `prediction/<task>` as the task predicts, `output/<task>/<output>`,
   * `features/<task>`, `shared`, `intermediate/<name>`. Errors: `POLYTASK_UNKNOWN_NAME` for what it does not give.
   */
  forward<const Names extends readonly Exclude<ForwardOutput, `loss/${string}`>[]>(
    inputs: { readonly [input: string]: HostTensor },
    names: Names,
  ): Promise<{ readonly [Name in Names[number]]: HostTensor }>;
  /** What each observer has seen so far, by its name; with a number behind it where there are several of one name. */
  observations(): { readonly [observer: string]: StateValue };
  /** The model as it is now, for exporters. */
  inference(): Promise<Inference>;
  /** The model alone, all of it as it is at one moment; `loadModel` of a trainer of the same tasks and strategies takes it. */
  model(): Promise<TrainedModel>;
  /**
   * Takes a model in the place of its own: to predict, measure, export, or train on from its first epoch. Errors:
   * `POLYTASK_CHECKPOINT`, saying what differs.
   */
  loadModel(model: TrainedModel): Promise<void>;
  /**
   * Everything needed to continue as if not interrupted. Errors: `POLYTASK_NON_FINITE` where parameters are not finite,
   * `POLYTASK_BROKEN_RUN` after a step that failed.
   */
  checkpoint(): Promise<Checkpoint>;
  /**
   * Continues from a checkpoint of the same configuration. Errors: `POLYTASK_CHECKPOINT`, saying what differs; the trainer then
   * keeps what it has. `POLYTASK_BUSY` during `fit`.
   */
  restore(checkpoint: Checkpoint): Promise<void>;
  /** Layout and values of all variables; undefined before the model is built. */
  readonly parameters: ParameterReader | undefined;
  readonly history: History<Tasks> | undefined;
  /** Labels laid over those of the training data; see also `Callback.epochEnd`. */
  readonly labels: LabelOverlays;
  /** Gives back all tensors; what needs a model fails from then on, with `POLYTASK_DISPOSED`. Errors: `POLYTASK_BUSY` during `fit`. */
  dispose(): void;
}

/**
 * Puts tasks, a sharing strategy, a balancing strategy, auxiliary objectives, an optimizer and an executor together into a run.
 *
 * @param options - see {@link TrainerOptions}; everything but `tasks` and `sharing` has a default.
 * @throws `POLYTASK_WRONG_PART`, `POLYTASK_UNSUPPORTED_VERSION`, `POLYTASK_DUPLICATE_NAME`, `POLYTASK_RESERVED_NAME`, `POLYTASK_MODEL_TOO_LARGE`, `POLYTASK_UNKNOWN_NAME`,
 * `POLYTASK_NOTHING_SHARED`
 * @example
 * ```ts
 * import { classification, createTrainer, mlp, tableDataset } from '@polytask/core';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * const train = tableDataset({
 *   inputs: { x: { data: Float32Array.of(0, 1, 2, 3), shape: [4, 1] } },
 *   columns: { high: Int32Array.of(0, 0, 1, 1), odd: Int32Array.of(0, 1, 0, 1) },
 * });
 * const trainer = await createTrainer({
 *   tasks: [classification('high', { classes: 2 }), classification('odd', { classes: 2 })],
 *   sharing: hardSharing({ encoder: mlp([8]) }),
 *   seed: 1,
 * });
 * const history = await trainer.fit(train, { epochs: 2, batchSize: 2 });
 * console.log(history.tasks.high.trainLoss.length); // => 2
 * trainer.dispose();
 * ```
 */
export async function createTrainer<const Tasks extends readonly AnyTask[]>(
  options: TrainerOptions<Tasks>,
): Promise<Trainer<Tasks>> {
  requireMapping(options, 'options', 'a mapping with `tasks` and `sharing`');
  requireOption(Array.isArray(options.tasks), 'tasks', 'a list of tasks', options.tasks);
  const { auxiliary } = options;
  requireOption(auxiliary === undefined || Array.isArray(auxiliary), 'auxiliary', 'a list', auxiliary);
  const { seed = 0 } = options;
  requireOption(Number.isSafeInteger(seed), 'seed', 'a whole number', seed);
  const given: RunDescription = {
    tasks: options.tasks,
    sharing: options.sharing,
    balancing: options.balancing ?? sumOfLosses(),
    auxiliary: options.auxiliary ?? [],
    optimizer: options.optimizer ?? adam(),
    executor: options.executor ?? eager(),
    schedule: options.schedule,
    observers: options.observers ?? [],
    primary: options.primary,
    groups: options.groups,
    seed,
  };
  checkParts(given);
  checkPart(given.optimizer, 'optimizer', 'optimizer');
  checkPart(given.executor, 'executor', 'executor');
  if (given.schedule !== undefined) checkPart(given.schedule, 'schedule', 'schedule');
  const description = guardParts(given);
  // A backend may start asynchronously, and variables are made below.
  await tf.ready();
  const overlays = createOverlays();
  let run: Run | undefined;
  let fitting = false;
  /** How many restored checkpoints or models are about to take this run's place. */
  let replacing = 0;
  let disposed = false;
  const usable = (what: string) => {
    if (!disposed) return;
    const advice = 'Make a new trainer, and `restore` a checkpoint to go on.';
    throw new PolytaskError('POLYTASK_DISPOSED', `\`${what}\` was called on a trainer after \`dispose\`. ${advice}`);
  };
  const idle = (what: string) => {
    usable(what);
    if (fitting) throw busy(what, "'s `fit` goes on. Await it first; a `signal` ends it after the step under way");
  };
  /** Puts a fresh run in the place of this trainer's; until then the trainer keeps what it has. */
  const replace = async (open: () => Promise<Run>, fill: (fresh: Run) => void = () => {}) => {
    replacing += 1;
    try {
      const fresh = await open();
      try {
        fill(fresh);
        await fresh.runtime.session.sync(fresh.runtime.parameters);
      } catch (error) {
        fresh.dispose();
        throw error;
      }
      run?.dispose();
      run = fresh;
    } finally {
      replacing -= 1;
    }
  };

  if (options.inputs !== undefined) run = await openRun(description, options.inputs, {}, overlays);

  return {
    tasks: options.tasks,
    async fit(train, fitOptions) {
      idle('fit');
      if (replacing > 0) throw busy('fit', ' is being restored. Await `restore` or `loadModel` first');
      requireDataset(train, 'train');
      requireFitOptions(fitOptions);
      fitting = true;
      try {
        run ??= await openRun(description, train.inputs, {}, overlays);
        requireInputs(run.model.inputs, train, 'fit');
        const { validation } = fitOptions;
        if (validation !== undefined) requireInputs(run.model.inputs, validation, 'fit, for validation');
        await learnConstants(run, train);
        return (await fitRun(run, train, fitOptions as unknown as FitOptions)) as History<Tasks>;
      } finally {
        fitting = false;
      }
    },
    async evaluate(dataset, evaluateOptions = {}) {
      usable('evaluate');
      requireDataset(dataset, 'dataset');
      requireMapping(evaluateOptions, 'options');
      const { batchSize = 1024 } = evaluateOptions;
      requireOption(Number.isInteger(batchSize) && batchSize > 0, 'batchSize', 'a positive whole number', batchSize);
      const { runtime, constants } = inUse(requireLearned(run, 'evaluate'));
      requireInputs(runtime.model.inputs, dataset, 'evaluate');
      return (await evaluateDataset(runtime, constants, dataset, batchSize)) as Scores<Tasks>;
    },
    async predict(inputs) {
      usable('predict');
      requireMapping(inputs, 'inputs', 'a mapping from names to { data, shape }');
      const { runtime } = inUse(requireLearned(run, 'predict'));
      const numbers = await predictInputs(runtime, inputs);
      return Object.fromEntries(
        options.tasks.map((task) => [task.name, task.decode(numbers[task.name] as HostTensor)]),
      ) as unknown as Predictions<Tasks>;
    },
    async inspect(inputs) {
      usable('inspect');
      return inspectInputs(inUse(requireLearned(run, 'inspect')).runtime, inputs);
    },
    async forward(inputs, names) {
      usable('forward');
      const { runtime } = inUse(requireLearned(run, 'forward'));
      requireOutputs(runtime.model, names, false);
      return (await forwardInputs(runtime, inputs, names)) as never;
    },
    observations() {
      usable('observations');
      const { observers } = requireRun(run, 'observations').model;
      return Object.fromEntries(observers.map(({ name, bound }) => [name, structuredClone(bound.result())]));
    },
    async inference() {
      usable('inference');
      return inferenceOf(inUse(requireRun(run, 'inference')));
    },
    async model() {
      usable('model');
      return modelOf(inUse(requireLearned(run, 'model')));
    },
    async loadModel(model) {
      idle('loadModel');
      requireParts(model, 'model', ['inputs', 'constants', 'variables']);
      const { inputs, constants } = structuredClone({ inputs: model.inputs, constants: model.constants });
      const made = model.perTask === true ? perTaskDescription(description) : description;
      await replace(
        () => openRun(made, inputs, constants, overlays, roomFor(model)),
        (fresh) => fillModel(fresh, model),
      );
    },
    async checkpoint() {
      usable('checkpoint');
      return saveRun(requireRun(run, 'checkpoint'));
    },
    async restore(checkpoint) {
      idle('restore');
      requireParts(checkpoint, 'checkpoint', ['state', 'tensors']);
      await replace(() => reopenRun(description, checkpoint, overlays, run?.model.inputs));
    },
    get parameters() {
      return run?.runtime.reader;
    },
    get history() {
      return run?.history as History<Tasks> | undefined;
    },
    labels: overlays,
    dispose() {
      if (fitting) idle('dispose');
      disposed = true;
      run?.dispose();
      run = undefined;
    },
  };
}

/** Parts that were written by the contract alone say whose they are too, when their code throws. */
function guardParts(given: RunDescription): RunDescription {
  return {
    ...given,
    tasks: given.tasks.map(guarded),
    sharing: guarded(given.sharing),
    balancing: guarded(given.balancing),
    auxiliary: given.auxiliary.map(guarded),
    optimizer: guarded(given.optimizer),
    schedule: guarded(given.schedule),
    observers: (given.observers ?? []).map(guarded),
  };
}

function busy(what: string, why: string): PolytaskError {
  return new PolytaskError('POLYTASK_BUSY', `\`${what}\` was called while this trainer${why}.`);
}

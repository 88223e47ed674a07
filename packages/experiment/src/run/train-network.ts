import {
  type Checkpoint,
  createTrainer,
  type EpochEvent,
  type Executor,
  type History,
  type Trainer,
} from '@polytask/core';
import { backendChoices } from '../backend/backend-choices.js';
import type { RunData } from '../parts/load-data.js';
import type { Network } from '../parts/network.js';
import type { Training } from '../parts/prepare-run.js';
import { bestEpochs } from './best-epoch.js';
import { type CalibrationPlan, calibrateNetwork } from './calibrate-network.js';
import type { NetworkResult } from './document.js';
import type { Progress } from './progress.js';
import { startFrom } from './start-model.js';

/** What it takes to train one network. */
export interface NetworkRun {
  /** What progress calls it. */
  readonly label: string;
  readonly network: Network;
  readonly executor: Executor;
  /** The name of what computes at this moment; checkpoints keep it. */
  readonly backend: () => string;
  readonly training: Training;
  readonly data: RunData;
  readonly seed: number;
  /** What is found after training. */
  readonly calibration?: CalibrationPlan;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Where to go on from; the beginning where there is none. */
  readonly checkpoint?: Checkpoint | undefined;
  /** After every epoch, before its checkpoint. */
  readonly epochEnd: (event: EpochEvent) => Promise<void>;
  /** Keeps a checkpoint: after every epoch, as often as `training.checkpoints` says, and when training is over. */
  readonly save: (checkpoint: Checkpoint, trainer: Trainer<never>) => Promise<void>;
  /** When training is over, for whatever reason, its checkpoint is kept, and before anything is measured. */
  readonly trained?: (trainer: Trainer<never>, thresholds: { readonly [task: string]: number }) => Promise<void>;
}

/** Seconds of training that a checkpoint of ours has behind it. */
export function secondsBefore(checkpoint: Checkpoint | undefined): number {
  const { session } = (checkpoint?.state ?? {}) as { session?: { seconds?: unknown } };
  return typeof session?.seconds === 'number' ? session.seconds : 0;
}

/** What computed when a checkpoint of ours was made. */
export function backendOf(checkpoint: Checkpoint | undefined): string | undefined {
  const { session } = (checkpoint?.state ?? {}) as { session?: { backend?: unknown } };
  const named = backendChoices.find((name) => name === session?.backend);
  return named === 'auto' ? undefined : named;
}

/** Trains a network and measures it on the test rows, unless it is stopped before. */
export async function trainNetwork(run: NetworkRun): Promise<NetworkResult> {
  const { network, training, data, progress, signal, seed } = run;
  const { checkpoint } = run;
  // With the inputs of the data, a checkpoint of other inputs is refused before a model of those is built.
  const { start } = data;
  const inputs = checkpoint === undefined && start === undefined ? {} : { inputs: data.train.inputs };
  const trainer = (await createTrainer({ ...network, ...inputs, executor: run.executor, seed })) as Trainer<never>;
  const started = performance.now();
  const seconds = () => secondsBefore(checkpoint) + (performance.now() - started) / 1000;
  let saved = performance.now();
  const save = async () => {
    const { state, tensors } = await trainer.checkpoint();
    const withSeconds = { state: { ...state, session: { seconds: seconds(), backend: run.backend() } }, tensors };
    await run.save(withSeconds, trainer);
    saved = performance.now();
  };
  const { everySteps = Number.POSITIVE_INFINITY, everyMinutes = Number.POSITIVE_INFINITY } = training.checkpoints;
  const isDue = (steps: number) => steps % everySteps === 0 || performance.now() - saved >= everyMinutes * 60_000;
  try {
    if (checkpoint !== undefined) await trainer.restore(checkpoint);
    else if (start !== undefined) await startFrom(trainer as never, start, data.train.inputs);
    progress.begin({
      label: run.label,
      epochs: training.epochs,
      stepsPerEpoch: Math.ceil(data.train.batches(training) / training.accumulate),
      stepsDone: (trainer.history as History | undefined)?.steps ?? 0,
      rowsPerStep: Math.min(training.batchSize * training.accumulate, data.train.size),
      tasks: network.tasks,
    });
    const history = await trainer.fit(data.train, {
      ...training,
      ...(data.validation === undefined ? {} : { validation: data.validation }),
      signal,
      callbacks: [
        {
          async stepEnd(event) {
            progress.step(event);
            // The last step of an epoch is followed by the epoch's own; the last one of all is written below.
            if (event.batch < event.batches && !signal.aborted && isDue(event.step + 1)) await save();
          },
        },
      ],
      onMetrics: async (event: EpochEvent) => {
        progress.epoch(event);
        await run.epochEnd(event);
        // The last one is written when all is over, best epoch restored.
        if (event.epoch < event.epochs) await save();
      },
    });
    progress.end();
    const trainingSeconds = seconds();
    await save();
    const { evaluationBatchSize: batchSize } = training;
    const measured = await measure(run, trainer, batchSize);
    const { scores, found, seconds: evaluationSeconds } = measured;
    return {
      parameters: trainer.parameters?.layout.size ?? 0,
      epochs: history.seconds.length,
      steps: history.steps,
      stopped: history.stopped as NetworkResult['stopped'],
      ...(data.validation === undefined ? {} : { bestEpoch: bestEpochs(history as History, network.tasks) }),
      ...(history.restored === null ? {} : { restored: history.restored }),
      seconds: { training: trainingSeconds, evaluation: evaluationSeconds },
      ...(network.observers === undefined ? {} : { observations: trainer.observations() }),
      ...(Object.keys(found).length === 0 ? {} : { calibration: found }),
      ...(scores === undefined ? {} : { tasks: scores.tasks as NonNullable<NetworkResult['tasks']> }),
    };
  } finally {
    progress.end();
    trainer.dispose();
  }
}

/** Calibrates, keeps the model, and measures it on the test rows, unless training was stopped. */
async function measure(run: NetworkRun, trainer: Trainer<never>, batchSize: number) {
  const { signal, data } = run;
  const whole = { trainer, found: {}, thresholds: {} };
  const plan = signal.aborted ? undefined : run.calibration;
  const calibrated = plan === undefined ? whole : await calibrateNetwork(trainer, plan, run, batchSize);
  try {
    await run.trained?.(calibrated.trainer, calibrated.thresholds);
    const began = performance.now();
    const scores = signal.aborted ? undefined : await calibrated.trainer.evaluate(data.test, { batchSize });
    return {
      scores,
      found: calibrated.found,
      seconds: scores === undefined ? 0 : (performance.now() - began) / 1000,
    };
  } finally {
    if (calibrated.trainer !== trainer) calibrated.trainer.dispose();
  }
}

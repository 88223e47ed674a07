import { type Checkpoint, createTrainer, type EpochEvent, type Executor, type Trainer } from '@polytask/core';
import type { RunData } from '../build/load-data.js';
import type { Network } from '../build/network.js';
import type { Training } from '../build/prepare-run.js';
import type { NetworkResult } from '../report/document.js';
import type { Progress } from '../report/progress.js';

/** What it takes to train one network. */
export interface NetworkRun {
  /** What progress calls it. */
  readonly label: string;
  readonly network: Network;
  readonly executor: Executor;
  readonly training: Training;
  readonly data: RunData;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** After every epoch. */
  readonly epochEnd: (event: EpochEvent, trainer: Trainer<never>) => Promise<void>;
  /** When training is over, for whatever reason, and before anything is measured. */
  readonly trained?: (trainer: Trainer<never>, checkpoint: () => Promise<Checkpoint>) => Promise<void>;
}

/** Trains a network and measures it on the test rows, unless it is stopped before. */
export async function trainNetwork(run: NetworkRun): Promise<NetworkResult> {
  const { network, training, data, progress, signal, seed } = run;
  const trainer = await createTrainer({ ...network, executor: run.executor, seed });
  const started = performance.now();
  try {
    progress.begin({
      label: run.label,
      epochs: training.epochs,
      stepsPerEpoch: data.train.batches(training),
      rowsPerStep: Math.min(training.batchSize, data.train.size),
      tasks: network.tasks,
    });
    const history = await trainer.fit(data.train, {
      ...training,
      ...(data.validation === undefined ? {} : { validation: data.validation }),
      signal,
      callbacks: [{ stepEnd: (event) => progress.step(event) }],
      onMetrics: async (event) => {
        progress.epoch(event as EpochEvent);
        await run.epochEnd(event as EpochEvent, trainer as Trainer<never>);
      },
    });
    progress.end();
    const trainingSeconds = (performance.now() - started) / 1000;
    await run.trained?.(trainer as Trainer<never>, () => trainer.checkpoint());
    const { evaluationBatchSize: batchSize } = training;
    const measuring = performance.now();
    const scores = signal.aborted ? undefined : await trainer.evaluate(data.test, { batchSize });
    const evaluationSeconds = scores === undefined ? 0 : (performance.now() - measuring) / 1000;
    return {
      parameters: trainer.parameters?.layout.size ?? 0,
      epochs: history.seconds.length,
      steps: history.steps,
      stopped: history.stopped as NetworkResult['stopped'],
      seconds: { training: trainingSeconds, evaluation: evaluationSeconds },
      ...(scores === undefined ? {} : { tasks: scores.tasks as NonNullable<NetworkResult['tasks']> }),
    };
  } finally {
    progress.end();
    trainer.dispose();
  }
}

import {
  type AnyTask,
  type Checkpoint,
  createTrainer,
  decodeCheckpoint,
  encodeCheckpoint,
  type FitOptions,
  type MultiTaskDataset,
  type StepEvent,
  type Trainer,
  type TrainerOptions,
} from '@polytask/core';
import type { ProgramRun } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { executorUnderTest } from './executor.js';

/** Options of a run; the executor is the one under test. */
export type RunOptions = Omit<TrainerOptions<readonly AnyTask[]>, 'executor'>;

/** A run that has been trained, and what happened in it. */
export interface TrainedRun {
  readonly trainer: Trainer<readonly AnyTask[]>;
  readonly events: readonly StepEvent[];
  readonly programs: readonly ProgramRun[];
  /** All variables by path. */
  readonly values: Record<string, number[]>;
  readonly checkpoint: Checkpoint;
}

/**
 * Trains with the executor under test, and lets `look` have a look; then checks that no tensor is left over once the trainer is gone.
 *
 * @param stepEnd - called after every step.
 */
export async function trained(
  options: RunOptions,
  data: MultiTaskDataset,
  fit: FitOptions,
  look: (run: TrainedRun) => void | Promise<void> = () => {},
  stepEnd: (trainer: Trainer<readonly AnyTask[]>) => void | Promise<void> = () => {},
): Promise<void> {
  await tf.setBackend('cpu');
  const tensors = tf.memory().numTensors;
  const programs: ProgramRun[] = [];
  const events: StepEvent[] = [];
  const trainer = await createTrainer({ ...options, executor: executorUnderTest().make((run) => programs.push(run)) });
  try {
    const watch = {
      stepEnd(event: StepEvent) {
        events.push(event);
        return stepEnd(trainer);
      },
    };
    await trainer.fit(data, { ...fit, callbacks: [watch, ...(fit.callbacks ?? [])] });
    await look({ trainer, events, programs, values: await valuesOf(trainer), checkpoint: await trainer.checkpoint() });
  } finally {
    trainer.dispose();
  }
  expect(tf.memory().numTensors).toBe(tensors);
}

/** All variables by path. */
export async function valuesOf(trainer: Pick<Trainer<readonly AnyTask[]>, 'parameters'>) {
  const { parameters } = trainer;
  const values: Record<string, number[]> = {};
  const { segments, stateSegments } = parameters?.layout ?? { segments: [], stateSegments: [] };
  for (const { path } of [...segments, ...stateSegments]) {
    values[path] = Array.from((await parameters?.read(path))?.data ?? []);
  }
  return values;
}

/**
 * Checks that a run interrupted after `steps` steps and continued from its checkpoint, in a new trainer, ends exactly like one
 * that was not interrupted. Epoch-end work (`callbacks`) is made anew for each run.
 */
export async function expectResumes(
  options: () => RunOptions,
  data: MultiTaskDataset,
  fit: FitOptions,
  steps: number,
  callbacks: (trainer: Trainer<readonly AnyTask[]>) => FitOptions['callbacks'] = () => [],
): Promise<void> {
  await tf.setBackend('cpu');
  const tensors = tf.memory().numTensors;
  const start = async (checkpoint?: Checkpoint) => {
    const trainer = await createTrainer({ ...options(), executor: executorUnderTest().make(() => {}) });
    if (checkpoint !== undefined) await trainer.restore(checkpoint);
    return trainer;
  };
  const run = async (trainer: Trainer<readonly AnyTask[]>, until?: number) => {
    const controller = new AbortController();
    const stop = {
      stepEnd({ step }: StepEvent) {
        if (step + 1 === until) controller.abort();
      },
    };
    const all = [stop, ...(callbacks(trainer) ?? [])];
    await trainer.fit(data, { ...fit, callbacks: all, signal: controller.signal });
    return (await decoded(await trainer.checkpoint())) as Checkpoint;
  };

  const whole = await start();
  const expected = await run(whole);
  const interrupted = await start();
  const saved = await run(interrupted, steps);
  expect((saved.state.history as { steps?: number }).steps).toBe(steps);
  const resumed = await start(saved);
  const found = await run(resumed);
  for (const trainer of [whole, interrupted, resumed]) trainer.dispose();

  expect(found.tensors).toEqual(expected.tensors);
  expect(withoutSeconds(found)).toEqual(withoutSeconds(expected));
  expect(tf.memory().numTensors).toBe(tensors);
}

/** Through bytes and back, as a resumed run gets it. */
async function decoded(checkpoint: Checkpoint): Promise<Checkpoint> {
  return decodeCheckpoint(await encodeCheckpoint(checkpoint));
}

function withoutSeconds({ state }: Checkpoint): unknown {
  const { seconds: _, ...history } = state.history as Record<string, unknown>;
  return { ...state, history };
}

/** Numbers close to others, each to within a share of its size. */
export function expectClose(found: ArrayLike<number> | undefined, expected: ArrayLike<number>, within = 1e-5): void {
  expect(found?.length).toBe(expected.length);
  Array.from(expected).forEach((value, i) => {
    const difference = Math.abs((found?.[i] ?? Number.NaN) - value);
    expect(difference, `[${i}]: ${found?.[i]} against ${value}`).toBeLessThanOrEqual(
      within * Math.max(1, Math.abs(value)),
    );
  });
}

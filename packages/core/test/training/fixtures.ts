import {
  type AnyTask,
  type Checkpoint,
  classification,
  createTrainer,
  decodeCheckpoint,
  encodeCheckpoint,
  type FitOptions,
  type MultiTaskDataset,
  mlp,
  regression,
  sgd,
  type TableDataset,
  type Trainer,
  type TrainerOptions,
  tableDataset,
  uniformStream,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

/** Rows with a class and a level that can be learned; two of five rows lack the class, every seventh the level. */
export function makeTable(rows: number, seed: number | string, missing = true): TableDataset {
  const uniform = uniformStream('table', seed);
  const x = new Float32Array(rows * 3);
  const kind = new Int32Array(rows);
  const level = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const values = [uniform(), uniform(), uniform()] as [number, number, number];
    x.set(values, row * 3);
    kind[row] = missing && row % 5 < 2 ? -1 : values.indexOf(Math.max(...values));
    level[row] = missing && row % 7 === 3 ? Number.NaN : 100 + 20 * (values[0] - values[1]);
  }
  return tableDataset({ inputs: { x: { data: x, shape: [rows, 3] } }, columns: { kind, level } });
}

/** A classification and a regression. */
export const mixedTasks = () => [classification('kind', { classes: 3 }), regression('level')] as const;

/** A trunk with dropout and BatchNorm. */
export const restlessSharing = () => tinySharing(mlp([5], { dropout: 0.25, batchNorm: true, activation: 'tanh' }));

/** A trainer of {@link mixedTasks} on a plain small trunk. */
export function mixedTrainer(options: Partial<TrainerOptions<readonly AnyTask[]>> = {}) {
  return createTrainer({
    tasks: mixedTasks() as readonly AnyTask[],
    sharing: tinySharing(mlp([5], { activation: 'tanh' })),
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
    ...options,
  });
}

/** A checkpoint without the only numbers that two equal runs do not share, after a way through bytes. */
export async function essence(trainer: Trainer<readonly AnyTask[]>): Promise<Checkpoint> {
  const { state, tensors } = await decodeCheckpoint(await encodeCheckpoint(await trainer.checkpoint()));
  const { seconds, ...history } = state.history as { readonly seconds: readonly number[] };
  return { state: { ...state, history: { ...history, epochs: seconds.length } }, tensors };
}

type Run = Trainer<readonly AnyTask[]>;

/** Fits until so many steps are done in all, by the signal. */
export async function fitSteps(
  trainer: Run,
  train: MultiTaskDataset,
  steps: number,
  options: FitOptions,
): Promise<void> {
  const abort = new AbortController();
  const stepEnd = ({ step }: { step: number }) => {
    if (step + 1 >= steps) abort.abort();
  };
  const callbacks = [...(options.callbacks ?? []), { stepEnd }];
  await trainer.fit(train, { ...options, callbacks, signal: abort.signal });
}

/** Disposes of trainers after a test. */
export function disposer() {
  const trainers: { dispose(): void }[] = [];
  return {
    keep<T extends { dispose(): void }>(trainer: T): T {
      trainers.push(trainer);
      return trainer;
    },
    disposeAll() {
      for (const trainer of trainers.splice(0)) trainer.dispose();
    },
  };
}

/** Holds every test of a file, on the cpu backend, to leave no tensor once what it gave to `keep` is disposed of. */
export function leavingNoTensor() {
  const { keep, disposeAll } = disposer();
  let before: number;
  beforeEach(async () => {
    await useBackend('cpu');
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    disposeAll();
    expect(tf.memory().numTensors).toBe(before);
  });
  return keep;
}

/** Adds to a list and gives the result: for functions that are watched. */
export function noting<Seen, Result>(list: Seen[], seen: Seen, result: Result): Result {
  list.push(seen);
  return result;
}

import {
  type AnyTask,
  type Checkpoint,
  createTrainer,
  decodeCheckpoint,
  encodeCheckpoint,
  type FitOptions,
  type FrozenModel,
  type hostTensor,
  type MultiTaskDataset,
  mlp,
  regression,
  type StepEvent,
  type Trainer,
  type TrainerOptions,
} from '@polytask/core';
import { plainSharing, strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

export type Options = TrainerOptions<readonly AnyTask[]>;

/** Trains under the strict executor, lets `look` have a look, and checks that no tensor is left over. */
export async function trained<Result>(
  options: Options,
  data: MultiTaskDataset,
  fit: FitOptions,
  look: (trainer: Trainer<readonly AnyTask[]>, events: readonly StepEvent[]) => Result | Promise<Result>,
): Promise<Result> {
  await tf.setBackend('cpu');
  const tensors = tf.memory().numTensors;
  const events: StepEvent[] = [];
  const trainer = await createTrainer({ executor: strict(), ...options });
  let result: Result;
  try {
    await trainer.fit(data, { shuffle: false, ...fit, callbacks: [{ stepEnd: (event) => void events.push(event) }] });
    result = await look(trainer, events);
  } finally {
    trainer.dispose();
  }
  expect(tf.memory().numTensors).toBe(tensors);
  return result;
}

/** All variables by path, but those of auxiliary terms. */
export async function modelValues(trainer: Trainer<readonly AnyTask[]>): Promise<Record<string, readonly number[]>> {
  const found: Record<string, readonly number[]> = {};
  const { segments, stateSegments } = trainer.parameters?.layout ?? { segments: [], stateSegments: [] };
  for (const { path } of [...segments, ...stateSegments]) {
    if (path.startsWith('auxiliary/')) continue;
    found[path] = Array.from((await trainer.parameters?.read(path))?.data ?? []);
  }
  return found;
}

/** A run that is interrupted after some steps, and goes on in a new trainer, ends as one that was not interrupted. */
export async function expectResumes(
  options: () => Options,
  data: MultiTaskDataset,
  fit: FitOptions,
  steps: readonly number[],
): Promise<void> {
  await tf.setBackend('cpu');
  const run = async (from?: Checkpoint, until?: number): Promise<Checkpoint> => {
    const trainer = await createTrainer(options());
    try {
      if (from !== undefined) await trainer.restore(from);
      const controller = new AbortController();
      const stop = { stepEnd: ({ step }: StepEvent) => void (step + 1 === until && controller.abort()) };
      await trainer.fit(data, { ...fit, callbacks: [stop], signal: controller.signal });
      return await decodeCheckpoint(await encodeCheckpoint(await trainer.checkpoint()));
    } finally {
      trainer.dispose();
    }
  };
  const plain = ({ state, tensors }: Checkpoint) => {
    const { seconds: _, ...history } = state.history as Record<string, unknown>;
    return { tensors, state: { ...state, history } };
  };
  const whole = plain(await run());
  for (const until of steps) expect(plain(await run(await run(undefined, until)))).toEqual(whole);
}

/** A network that nobody has trained, as a teacher of regressions of these names that read `x` [4]. */
export async function untrained(names: readonly string[], seed = 3): Promise<FrozenModel> {
  const tasks = names.map((name) => regression(name, { standardize: false }));
  const sharing = plainSharing(mlp([5], { activation: 'tanh' }));
  const trainer = await createTrainer({ tasks, sharing, inputs: { x: { shape: [4], dtype: 'float32' } }, seed });
  const { layout } = trainer.parameters as NonNullable<typeof trainer.parameters>;
  const variables: Record<string, ReturnType<typeof hostTensor>> = {};
  for (const { path } of layout.segments) variables[path] = (await trainer.parameters?.read(path)) as never;
  trainer.dispose();
  const constants = Object.fromEntries(names.map((name) => [name, {}]));
  return { tasks, sharing, model: { inputs: { x: { shape: [4], dtype: 'float32' } }, constants, variables } };
}

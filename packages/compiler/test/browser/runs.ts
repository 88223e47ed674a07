// What is trained in the page and in Node alike.
import { convNet, type Encoder, type Executor, encodeCheckpoint, mlp } from '@polytask/core';
import { twoTaskTable, twoTaskTrainer } from '../run/training.js';

const batch = 8;

/** The models that are compared: encoder, shape of the inputs, steps. */
const models = {
  mlp: { encoder: () => mlp([16, 8]), shape: [10], steps: 30 },
  convNet: { encoder: () => convNet({ filters: [3, 4], kernelSize: 3, dense: [10] }), shape: [12, 12, 1], steps: 15 },
} satisfies Record<string, { encoder: () => Encoder; shape: number[]; steps: number }>;

/** A model by name. */
export type ModelName = keyof typeof models;

const table = (model: ModelName) => twoTaskTable(batch * 5, models[model].shape);

/** A trainer that has seen no data; the shape of its inputs is known, so a checkpoint can be restored. */
export function startTrainer(model: ModelName, executor: Executor) {
  const inputs = { x: { shape: models[model].shape, dtype: 'float32' } };
  return twoTaskTrainer(executor, models[model].encoder(), { inputs });
}

/** Trains both tasks in epochs of 5 steps; gives the mean losses of each epoch, those of the trained model, and a checkpoint. */
export async function train(model: ModelName, executor: Executor) {
  const trainer = await startTrainer(model, executor);
  const { tasks } = await trainer.fit(table(model), { epochs: models[model].steps / 5, batchSize: batch });
  const checkpoint = await encodeCheckpoint(await trainer.checkpoint());
  const scores = await evaluate(model, trainer);
  trainer.dispose();
  return { losses: { left: tasks.left.trainLoss, right: tasks.right.trainLoss }, scores, checkpoint };
}

/** The losses of a trainer on the whole table. */
export async function evaluate(model: ModelName, trainer: Awaited<ReturnType<typeof startTrainer>>) {
  const { tasks } = await trainer.evaluate(table(model), { batchSize: batch });
  return { left: tasks.left.loss, right: tasks.right.loss };
}

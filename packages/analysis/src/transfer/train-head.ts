import {
  type AnyTask,
  adam,
  buildHeads,
  createTrainer,
  defineSharing,
  type Executor,
  type HostTensor,
  splitDataset,
  type TaskScores,
  type Trainer,
  tableDataset,
} from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';

/** Features of frozen layers, and the labels of the same rows. */
export interface LabelledFeatures {
  /** `[rows, D]`; features of more axes are flattened. */
  readonly features: HostTensor;
  /** The task's column. */
  readonly labels: HostTensor;
}

/** What {@link trainHead} trains. */
export interface TrainHeadOptions {
  readonly task: AnyTask;
  readonly train: LabelledFeatures;
  readonly test: LabelledFeatures;
  /** At most. Default 30; with 50 rows or more it stops when a tenth of them, held back, have not become better for 6 epochs. */
  readonly epochs?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default: tfjs as it is. */
  readonly executor?: Executor;
}

/**
 * Trains a linear head on frozen features: what a network that learned one task holds for another.
 *
 * $$ \hat y = W \frac{f - \mu}{\sigma} + b $$
 *
 * where f are the features, μ and σ their means and standard deviations over the training rows, and W and b minimise the task's own loss.
 *
 * Shapes: features `[rows, D]` and labels of the training and the test rows → the task's scores on the test rows.
 *
 * @remarks The task is as it is: its loss, metrics and class weights. Adam at 0.03; batches of an eighth of the
 * rows, from 8 to 256.
 * @throws As `tableDataset`, for rows and labels that do not fit.
 * @example
 * ```ts
 * import { trainHead } from '@polytask/analysis';
 * import { regression } from '@polytask/core';
 *
 * const numbers = Float32Array.from({ length: 200 }, (_, n) => Math.sin(n));
 * const rows = { features: { data: numbers, shape: [200, 1] }, labels: { data: numbers, shape: [200] } };
 * const { r2 } = (await trainHead({ task: regression('y'), train: rows, test: rows })) as unknown as { r2: number };
 * console.log(r2 > 0.9); // => true
 * ```
 */
export async function trainHead({
  task,
  train,
  test,
  epochs = 30,
  seed = 0,
  executor,
}: TrainHeadOptions): Promise<TaskScores> {
  const scale = scaleOf(train.features);
  const { inputs: _, ...own } = task;
  const learned = own as AnyTask;
  const tableOf = ({ features, labels }: LabelledFeatures) =>
    tableDataset({ inputs: { features: scale(features) }, columns: { [task.column]: labels } });
  const trainer = (await createTrainer({
    tasks: [learned],
    sharing: headsAlone,
    optimizer: adam({ learningRate: 0.03 }),
    seed,
    ...(executor && { executor }),
  })) as unknown as Trainer<readonly AnyTask[]>;
  try {
    const rows = tableOf(train);
    const fit = { epochs, batchSize: Math.min(256, Math.max(8, Math.floor(rows.size / 8))) };
    if (rows.size < leastToHoldBack) await trainer.fit(rows, fit);
    else {
      const { parts } = splitDataset(rows, { learned: 0.9, heldBack: 0.1 }, seed);
      const stopping = { validation: parts.heldBack, earlyStopping: { patience: 6, restoreBest: true } };
      await trainer.fit(parts.learned, { ...fit, ...stopping });
    }
    const { tasks } = await trainer.evaluate(tableOf(test));
    return tasks[task.name] as TaskScores;
  } finally {
    trainer.dispose();
  }
}

/** With fewer rows a tenth of them says nothing. */
const leastToHoldBack = 50;

/** A head per task on the input itself. */
const headsAlone = defineSharing({
  name: 'heads-alone',
  bind({ tasks, inputs, scope }) {
    const [name, spec] = Object.entries(inputs)[0] as [string, (typeof inputs)[string]];
    const heads = buildHeads(scope, tasks, spec);
    return {
      forward(tensors, step) {
        const features = tensors[name] as tf.Tensor;
        return heads.apply(Object.fromEntries(tasks.map((task) => [task.name, features])), step);
      },
    };
  },
});

/** Standardises as the training rows are; columns that do not vary become 0. */
function scaleOf({ data, shape }: HostTensor): (features: HostTensor) => HostTensor {
  const rows = shape[0] as number;
  const width = data.length / rows;
  const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
  data.forEach((value, n) => {
    sums[n % width] = (sums[n % width] as number) + value / rows;
  });
  data.forEach((value, n) => {
    squares[n % width] = (squares[n % width] as number) + (value - (sums[n % width] as number)) ** 2 / rows;
  });
  return ({ data: given, shape: [count] }) => ({
    data: Float32Array.from(given, (value, n) => {
      const deviation = Math.sqrt(squares[n % width] as number);
      return deviation > 1e-6 ? (value - (sums[n % width] as number)) / deviation : 0;
    }),
    shape: [count as number, width],
  });
}

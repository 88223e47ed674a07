import {
  type AnyTask,
  type Balancing,
  type Checkpoint,
  createTrainer,
  defineSharing,
  defineTask,
  type FitOptions,
  meanAbsoluteError,
  type StepEvent,
  sgd,
  type TrainerOptions,
  tableDataset,
  zerosInitializer,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';

/** What a run on a linear problem came to. */
export interface LinearRun {
  readonly events: readonly StepEvent[];
  /** θ at the end. */
  readonly theta: number[];
  readonly checkpoint: Checkpoint;
}

/**
 * Steps of sgd on a problem whose shared Jacobian and losses are known: L_k = a_k · θ + φ_k, with θ = 0 and φ given at the start; tasks
 * are called `a`, `b`, ...
 *
 * @param jacobian - rows a_k.
 * @param losses - φ_k at the start.
 */
export async function runLinear(
  balancing: Balancing,
  jacobian: readonly (readonly number[])[],
  losses: readonly number[],
  {
    steps = 1,
    learningRate = 0.1,
    ...more
  }: { steps?: number; learningRate?: number; validation?: boolean } & Partial<TrainerOptions<readonly AnyTask[]>> = {},
): Promise<LinearRun> {
  const { validation, ...options } = more;
  const names = jacobian.map((_, k) => String.fromCharCode(97 + k));
  const data = tableDataset({
    inputs: { x: { data: new Float32Array(2), shape: [2, 1] } },
    columns: Object.fromEntries(names.map((name) => [name, new Float32Array(2)])),
  });
  const trainer = await createTrainer({
    tasks: names.map(outputIsLoss),
    sharing: linear(jacobian, losses, names),
    balancing,
    executor: strict(),
    optimizer: sgd({ learningRate }),
    ...options,
  });
  try {
    const events: StepEvent[] = [];
    const fit: FitOptions = { epochs: steps, batchSize: 2, ...(validation && { validation: data }) };
    await trainer.fit(data, { ...fit, callbacks: [{ stepEnd: (event) => void events.push(event) }] });
    const theta = Array.from((await trainer.parameters?.read('shared/theta'))?.data ?? []);
    return { events, theta, checkpoint: await trainer.checkpoint() };
  } finally {
    trainer.dispose();
  }
}

function linear(jacobian: readonly (readonly number[])[], losses: readonly number[], names: readonly string[]) {
  return defineSharing({
    name: 'linear',
    bind({ scope }) {
      const theta = scope.child('shared').variable('theta', [jacobian[0]?.length ?? 0], zerosInitializer);
      const heads = names.map((name, k) =>
        scope
          .child('heads')
          .child(name, { usedBy: [name] })
          .variable('loss', [], () => Float32Array.of(losses[k] as number)),
      );
      return {
        forward({ x }) {
          const rows = (x as tf.Tensor).shape[0] as number;
          const byTask = Object.fromEntries(
            names.map((name, k) => {
              const slope = tf.sum(tf.mul(theta, tf.tensor1d([...(jacobian[k] as number[])])));
              return [name, tf.tile(tf.reshape(tf.add(slope, heads[k] as tf.Tensor), [1, 1]), [rows, 1])];
            }),
          );
          const outputs = Object.fromEntries(Object.entries(byTask).map(([name, value]) => [name, { value }]));
          return { outputs, features: byTask, intermediates: {} };
        },
      };
    },
  });
}

/** A task whose loss is what its head puts out. */
function outputIsLoss(name: string): AnyTask {
  return defineTask({
    name,
    type: 'output',
    target: { shape: [], dtype: 'float32' },
    outputs: { value: [1] },
    loss: ({ value }) => tf.reshape(value as tf.Tensor, [-1]) as tf.Tensor1D,
    predict: ({ value }) => value as tf.Tensor,
    decode: ({ data }) => Array.from(data),
    metrics: [meanAbsoluteError()],
    primaryMetric: 'mae',
  });
}

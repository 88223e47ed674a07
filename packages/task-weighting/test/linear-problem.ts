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
 * @param options - With `times` every loss is L_k times this; `order` is that in which tasks are declared.
 */
export async function runLinear(
  balancing: Balancing,
  jacobian: readonly (readonly number[])[],
  losses: readonly number[],
  {
    steps = 1,
    learningRate = 0.1,
    times = 1,
    order = jacobian.map((_, k) => k),
    ...more
  }: {
    steps?: number;
    learningRate?: number;
    times?: number;
    order?: readonly number[];
    validation?: boolean;
  } & Partial<TrainerOptions<readonly AnyTask[]>> = {},
): Promise<LinearRun> {
  const { validation, ...options } = more;
  const names = jacobian.map((_, k) => String.fromCharCode(97 + k));
  const data = tableDataset({
    inputs: { x: { data: new Float32Array(2), shape: [2, 1] } },
    columns: Object.fromEntries(names.map((name) => [name, new Float32Array(2)])),
  });
  const trainer = await createTrainer({
    tasks: order.map((k) => outputIsLoss(names[k] as string, times)),
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
          const shared = tf.mul(tf.ones([(x as tf.Tensor).shape[0] as number, 1]), tf.expandDims(theta, 0));
          const byTask = Object.fromEntries(
            names.map((name, k) => {
              const slopes = tf.tensor2d([...(jacobian[k] as number[])], [theta.size, 1]);
              return [name, tf.add(tf.matMul(shared as tf.Tensor2D, slopes), heads[k] as tf.Tensor)];
            }),
          );
          const outputs = Object.fromEntries(Object.entries(byTask).map(([name, value]) => [name, { value }]));
          return { outputs, features: byTask, intermediates: {}, shared };
        },
      };
    },
  });
}

/** A task whose loss is what its head puts out, times a number. */
function outputIsLoss(name: string, times: number): AnyTask {
  return defineTask({
    name,
    type: 'output',
    target: { shape: [], dtype: 'float32' },
    outputs: { value: [1] },
    loss: ({ value }) => tf.mul(times, tf.reshape(value as tf.Tensor, [-1])) as tf.Tensor1D,
    predict: ({ value }) => value as tf.Tensor,
    decode: ({ data }) => Array.from(data),
    metrics: [meanAbsoluteError()],
    primaryMetric: 'mae',
  });
}

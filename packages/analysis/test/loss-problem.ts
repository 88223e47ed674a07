import {
  type AnyTask,
  type Balancing,
  createTrainer,
  defineSharing,
  defineTask,
  meanAbsoluteError,
  type Observer,
  type Optimizer,
  sgd,
  tableDataset,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Losses of tasks `a`, `b`, … as functions of shared parameters θ. */
export interface LossProblem {
  /** θ at the start. */
  readonly start: readonly number[];
  readonly losses: readonly ((theta: tf.Tensor1D) => tf.Scalar)[];
}

/** L_k = a_k · θ + φ_k at θ = 0: Jacobian and losses as given. */
export function linearLosses(jacobian: readonly (readonly number[])[], losses: readonly number[]): LossProblem {
  return {
    start: (jacobian[0] ?? []).map(() => 0),
    losses: jacobian.map((row, k) => (theta) => tf.add(tf.sum(tf.mul(theta, [...row])), losses[k] as number)),
  };
}

/** The Jacobian and losses of the golden values. */
export const golden = linearLosses(
  [
    [-4, 1, 1],
    [6, 1, 1],
  ],
  [2, 3],
);

/** How many steps of a problem are taken, and how; tasks may have no label. */
interface ProblemSteps {
  readonly steps?: number;
  readonly optimizer?: Optimizer;
  readonly absent?: readonly string[];
}

/** What an observer sees of some steps. */
export async function observe<Seen>(
  problem: LossProblem,
  observer: Observer,
  options: ProblemSteps = {},
): Promise<Seen> {
  return (await takeSteps(problem, { ...options, observers: [observer] })).observations[observer.name] as Seen;
}

/** Takes some steps of a problem. */
export async function takeSteps(
  { start, losses }: LossProblem,
  options: ProblemSteps & { readonly balancing?: Balancing; readonly observers?: readonly Observer[] } = {},
) {
  const { steps = 1, optimizer = sgd({ learningRate: 0.1 }), absent = [], balancing, observers = [] } = options;
  const names = losses.map((_, k) => String.fromCharCode(97 + k));
  const sharing = defineSharing({
    name: 'losses-alone',
    bind({ scope }) {
      const theta = scope.child('shared').variable('theta', [start.length, 1], () => Float32Array.from(start));
      return {
        forward({ x }) {
          const rows = (x as tf.Tensor).shape[0] as number;
          const values = names.map((name, k) => {
            const value = (losses[k] as (typeof losses)[number])(tf.reshape(theta, [start.length]) as tf.Tensor1D);
            return [name, tf.tile(tf.reshape(value, [1, 1]), [rows, 1])] as const;
          });
          return {
            outputs: Object.fromEntries(values.map(([name, value]) => [name, { value }])),
            features: Object.fromEntries(values),
            intermediates: {},
          };
        },
      };
    },
  });
  const tasks = names.map(outputIsLoss);
  const trainer = await createTrainer({ tasks, sharing, optimizer, observers, ...(balancing && { balancing }) });
  const data = tableDataset({
    inputs: { x: { data: new Float32Array(2 * steps), shape: [2 * steps, 1] } },
    columns: Object.fromEntries(
      names.map((name) => [name, new Float32Array(2 * steps).fill(absent.includes(name) ? Number.NaN : 0)]),
    ),
  });
  try {
    const { logged } = await trainer.fit(data, { epochs: 1, batchSize: 2 });
    const { state, tensors } = await trainer.checkpoint();
    return { observations: trainer.observations(), logged, state, parameters: tensors.parameters?.data };
  } finally {
    trainer.dispose();
  }
}

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

import {
  type AnyTask,
  type Balancing,
  type Checkpoint,
  createTrainer,
  type FitOptions,
  type StepEvent,
  sgd,
  type TrainerOptions,
} from '@polytask/core';
import { type LinearProblemOptions, linearProblem, strict } from '@polytask/core/testing';

/** What a run on a linear problem came to. */
export interface LinearRun {
  readonly events: readonly StepEvent[];
  /** θ at the end. */
  readonly theta: number[];
  readonly checkpoint: Checkpoint;
}

/** Steps of sgd on a {@link linearProblem}, one an epoch. */
export async function runLinear(
  balancing: Balancing,
  jacobian: readonly (readonly number[])[],
  losses: readonly number[],
  {
    steps = 1,
    learningRate = 0.1,
    times,
    order,
    validation,
    ...options
  }: {
    steps?: number;
    learningRate?: number;
    validation?: boolean;
  } & LinearProblemOptions &
    Partial<TrainerOptions<readonly AnyTask[]>> = {},
): Promise<LinearRun> {
  const { data, ...problem } = linearProblem(jacobian, losses, { times, order });
  const trainer = await createTrainer({
    ...problem,
    balancing,
    executor: strict(),
    optimizer: sgd({ learningRate }),
    ...options,
  });
  try {
    const events: StepEvent[] = [];
    const fit: FitOptions = { epochs: steps, batchSize: 2, ...(validation && { validation: data }) };
    await trainer.fit(data, { ...fit, callbacks: [{ stepEnd: (event) => void events.push(event) }] });
    const theta = Array.from((await trainer.parameters?.read('shared/0/theta'))?.data ?? []);
    return { events, theta, checkpoint: await trainer.checkpoint() };
  } finally {
    trainer.dispose();
  }
}

/** What a step of plain descent with learning rate 1 did: how θ and the heads' φ moved, against the gradient, and what was reported. */
export interface LinearStep {
  readonly shared: number[];
  readonly heads: number[];
  readonly weights: number[];
}

/** Trains on losses L_k = a_k · θ + φ_k, whose shared Jacobian is constant: one step per epoch. */
export async function linearRun(
  balancing: Balancing,
  jacobian: readonly (readonly number[])[],
  losses: readonly number[],
  { steps = 1, validate = false } = {},
): Promise<LinearStep[]> {
  const { data, ...problem } = linearProblem(jacobian, losses);
  const trainer = await createTrainer({ ...problem, balancing, optimizer: sgd({ learningRate: 1 }), seed: 1 });
  const found: LinearStep[] = [];
  const read = async (path: string) => Array.from((await trainer.parameters?.read(path))?.data ?? []);
  let [before, heads]: [number[], number[]] = [[], []];
  const look = async () => {
    const names = problem.tasks.map(({ name }) => name);
    const phi = await Promise.all(names.map((name) => read(`heads/${name}/loss`)));
    return [await read('shared/0/theta'), phi.map(([value = 0]) => value)] as [number[], number[]];
  };
  [before, heads] = [(jacobian[0] ?? []).map(() => 0), [...losses]];
  try {
    await trainer.fit(data, {
      epochs: steps,
      batchSize: 2,
      ...(validate && { validation: data }),
      callbacks: [
        {
          async stepEnd({ weights }) {
            const [after, phi] = await look();
            found.push({
              shared: after.map((value, i) => (before[i] as number) - value),
              heads: phi.map((value, i) => (heads[i] as number) - value),
              weights: Object.values(weights),
            });
            [before, heads] = [after, phi];
          },
        },
      ],
    });
    return found;
  } finally {
    trainer.dispose();
  }
}

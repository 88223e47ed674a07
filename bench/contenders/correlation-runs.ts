import { mmoe } from '@polytask/attention';
import { adam, createTrainer, type Executor, mlp, regression, type Scores } from '@polytask/core';
import { l2Distance, softSharing } from '@polytask/soft-sharing';
import { correlatedTasks } from './correlated-tasks.js';

const tasks = [regression('a'), regression('b')] as const;

/** Two tasks of known correlation, learned from one seed. */
export interface CorrelationRun {
  readonly correlation: number;
  readonly seed: number;
  readonly executor: () => Executor;
}

/** Two columns, tied with this weight: the mean of both tasks' losses on rows that were not learned from. */
export async function tied(
  { correlation, seed, executor }: CorrelationRun,
  weight: number,
): Promise<{ validation: number; test: number }> {
  const rows = { train: 100, validation: 1000, test: 1000 };
  const { train, validation, test } = correlatedTasks({ correlation, seed, rows });
  const trainer = await createTrainer({
    tasks,
    sharing: softSharing({ encoder: mlp([16]) }),
    auxiliary: weight === 0 ? [] : [l2Distance({ weight })],
    optimizer: adam({ learningRate: 0.005 }),
    executor: executor(),
    seed,
  });
  await trainer.fit(train, { epochs: 100, batchSize: 50 });
  const [onValidation, onTest] = [await trainer.evaluate(validation), await trainer.evaluate(test)];
  trainer.dispose();
  return { validation: lossOf(onValidation), test: lossOf(onTest) };
}

/** A mixture of four experts: how much the tasks' gates have in common, Σ min(g_a, g_b) over experts, a mean over rows. */
export async function gated({
  correlation,
  seed,
  executor,
}: CorrelationRun): Promise<{ overlap: number; test: number }> {
  const rows = { train: 2000, validation: 1, test: 1000 };
  const { train, test } = correlatedTasks({ correlation, seed, rows });
  const trainer = await createTrainer({
    tasks,
    sharing: mmoe({ encoder: mlp([8]), experts: 4 }),
    optimizer: adam({ learningRate: 0.005 }),
    executor: executor(),
    seed,
  });
  await trainer.fit(train, { epochs: 30, batchSize: 50 });
  const loss = lossOf(await trainer.evaluate(test));
  const { inputs } = test.gather(Array.from({ length: test.size }, (_, row) => row));
  const { intermediates } = await trainer.inspect(inputs);
  trainer.dispose();
  const [left, right] = ['a', 'b'].map((task) => intermediates[`gates/${task}`]?.data ?? []);
  const shared = Array.from(left as Float32Array, (share, i) => Math.min(share, right?.[i] as number));
  return { overlap: shared.reduce((sum, one) => sum + one, 0) / test.size, test: loss };
}

/** The mean of both tasks. */
function lossOf({ tasks: { a, b } }: Scores<typeof tasks>): number {
  return (a.loss + b.loss) / 2;
}

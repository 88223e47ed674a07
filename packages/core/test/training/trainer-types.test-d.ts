import {
  type AnyTask,
  accuracy,
  type BinaryPrediction,
  binary,
  type ClassPrediction,
  classification,
  confusionCounts,
  createTrainer,
  type DensePrediction,
  defineMetric,
  defineTask,
  denseClassification,
  type EpochEvent,
  type FitOptions,
  type History,
  type MultiLabelPrediction,
  type MultiTaskDataset,
  multiLabel,
  regression,
  type SharingStrategy,
  type Trainer,
} from '@polytask/core';
import { describe, expectTypeOf, it } from 'vitest';

declare const sharing: SharingStrategy;
declare const data: MultiTaskDataset;

describe('names and metrics of tasks made at the call', () => {
  const make = () =>
    createTrainer({
      tasks: [
        classification('a', { classes: 2 }),
        regression('b'),
        binary('c'),
        multiLabel('d', { labels: ['x', 'y'] }),
        denseClassification('e', { classes: ['in', 'out'], positions: [5] }),
        regression('f', { size: 3 }),
      ],
      sharing,
    });

  it('are those of the history', async () => {
    const { tasks } = await (await make()).fit(data, { epochs: 1 });
    expectTypeOf<keyof typeof tasks>().toEqualTypeOf<'a' | 'b' | 'c' | 'd' | 'e' | 'f'>();
    expectTypeOf(tasks.a.accuracy).toEqualTypeOf<number[]>();
    expectTypeOf(tasks.a.macroF1).toEqualTypeOf<number[]>();
    expectTypeOf(tasks.a.trainLoss).toEqualTypeOf<number[]>();
    expectTypeOf(tasks.b.rmse).toEqualTypeOf<number[]>();
    expectTypeOf(tasks.c.auc).toEqualTypeOf<number[]>();
    expectTypeOf(tasks.d.weight).toEqualTypeOf<number[]>();
    expectTypeOf(tasks.e.accuracy).toEqualTypeOf<number[]>();
    expectTypeOf(tasks.f.r2).toEqualTypeOf<number[]>();
    // @ts-expect-error there is no such task
    tasks.g;
    // @ts-expect-error a classification has no such metric
    tasks.a.rmse;
    // @ts-expect-error a regression has no such metric
    tasks.b.accuracy;
  });

  it('are those of scores', async () => {
    const { tasks } = await (await make()).evaluate(data);
    expectTypeOf(tasks.a.accuracy).toEqualTypeOf<number>();
    expectTypeOf(tasks.b.loss).toEqualTypeOf<number>();
    expectTypeOf(tasks.b.rows).toEqualTypeOf<number>();
    // @ts-expect-error there is no such task
    tasks.g;
    // @ts-expect-error there is no such metric
    tasks.c.rmse;
  });

  it('go with what each task predicts', async () => {
    const predicted = await (await make()).predict({});
    expectTypeOf(predicted.a).toEqualTypeOf<readonly ClassPrediction<string>[]>();
    expectTypeOf(predicted.b).toEqualTypeOf<readonly number[]>();
    expectTypeOf(predicted.c).toEqualTypeOf<readonly BinaryPrediction<'negative' | 'positive'>[]>();
    expectTypeOf(predicted.d).toEqualTypeOf<readonly MultiLabelPrediction<'x' | 'y'>[]>();
    expectTypeOf(predicted.e).toEqualTypeOf<readonly DensePrediction<'in' | 'out'>[]>();
    expectTypeOf(predicted.f).toEqualTypeOf<readonly (readonly number[])[]>();
    // @ts-expect-error there is no such task
    predicted.g;
  });

  it('reach callbacks', async () => {
    await (await make()).fit(data, {
      epochs: 1,
      onMetrics({ history, scores }) {
        expectTypeOf(history.tasks.a.accuracy).toEqualTypeOf<number[]>();
        expectTypeOf(scores?.tasks.b.rmse).toEqualTypeOf<number | undefined>();
        // @ts-expect-error there is no such task
        history.tasks.g;
      },
    });
  });
});

describe('tasks made beforehand', () => {
  it('keep what they are', async () => {
    const species = classification('species', { classes: ['cat', 'dog'] });
    const tasks = [species, regression('weight')] as const;
    const trainer = await createTrainer({ tasks, sharing });
    const history = await trainer.fit(data, { epochs: 1 });
    expectTypeOf(history.tasks.species.logLoss).toEqualTypeOf<number[]>();
    expectTypeOf((await trainer.predict({})).species).toEqualTypeOf<readonly ClassPrediction<'cat' | 'dog'>[]>();
    expectTypeOf(trainer).toEqualTypeOf<Trainer<typeof tasks>>();
    expectTypeOf(history).toEqualTypeOf<History<typeof tasks>>();
  });

  it('may be any', async () => {
    const some: readonly AnyTask[] = [];
    const trainer = await createTrainer({ tasks: some, sharing });
    const history = await trainer.fit(data, { epochs: 1 });
    expectTypeOf(history.tasks).toHaveProperty('anything');
    expectTypeOf<Trainer<readonly [ReturnType<typeof regression>]>>().toExtend<{ dispose(): void }>();
  });

  it('fit options of some tasks are written down as such', () => {
    const tasks = [classification('a', { classes: 2 })] as const;
    const options: FitOptions<typeof tasks> = { epochs: 1, onMetrics: (event) => void event.history.tasks.a.accuracy };
    expectTypeOf(options.onMetrics).parameter(0).toEqualTypeOf<EpochEvent<typeof tasks>>();
  });
});

describe('metrics of their own', () => {
  const mine = defineMetric({
    name: 'mine',
    better: 'lower',
    start: () => ({ update: () => {}, result: () => 1 as number }),
  });

  it('replace the usual ones; the history has those that are numbers', async () => {
    const trainer = await createTrainer({
      tasks: [
        classification('a', { classes: 2, metrics: [accuracy(), confusionCounts()] }),
        regression('b', { metrics: [mine] }),
      ],
      sharing,
    });
    const history = await trainer.fit(data, { epochs: 1 });
    const scores = await trainer.evaluate(data);
    expectTypeOf(history.tasks.a.accuracy).toEqualTypeOf<number[]>();
    expectTypeOf(history.tasks.b.mine).toEqualTypeOf<number[]>();
    expectTypeOf(scores.tasks.a.confusion).toEqualTypeOf<readonly (readonly number[])[]>();
    expectTypeOf(scores.tasks.b.mine).toEqualTypeOf<number>();
    // @ts-expect-error it is no number
    history.tasks.a.confusion;
    // @ts-expect-error the usual metrics are replaced
    history.tasks.a.macroF1;
    // @ts-expect-error the usual metrics are replaced
    scores.tasks.b.rmse;
  });

  it('name the primary metric', () => {
    const task = regression('b', { metrics: [mine] });
    expectTypeOf(task.primaryMetric).toEqualTypeOf<'mine'>();
    expectTypeOf(classification('a', { classes: 2 }).primaryMetric).toEqualTypeOf<'accuracy' | 'macroF1' | 'logLoss'>();
  });
});

it('tasks of anybody flow through like those of core', async () => {
  const mine = defineMetric({
    name: 'distance',
    better: 'lower',
    start: () => ({ update: () => {}, result: () => 1 as number }),
  });
  const boxes = defineTask({
    name: 'boxes',
    type: 'boxes',
    target: { shape: [4], dtype: 'float32' },
    outputs: { corners: [4] },
    loss: (outputs) => outputs.corners as never,
    predict: (outputs) => outputs.corners as never,
    decode: ({ data: numbers }) => Array.from(numbers, (left) => ({ left })),
    metrics: [mine],
    primaryMetric: 'distance',
  });
  const trainer = await createTrainer({ tasks: [boxes, regression('b')], sharing });
  const history = await trainer.fit(data, { epochs: 1 });
  expectTypeOf(history.tasks.boxes.distance).toEqualTypeOf<number[]>();
  expectTypeOf((await trainer.predict({})).boxes).toEqualTypeOf<readonly { left: number }[]>();
  // @ts-expect-error there is no such task
  history.tasks.box;
});

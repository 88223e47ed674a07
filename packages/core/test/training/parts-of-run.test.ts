import {
  type BalancingContext,
  defineAuxiliary,
  defineLossWeighting,
  defineSharing,
  defineStepPlan,
  type SharingContext,
  type StepEvent,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { disposer, fitSteps, makeTable, mixedTrainer } from './fixtures.js';

const { keep, disposeAll } = disposer();
afterEach(disposeAll);
const train = makeTable(8, 'logs', false);

describe('what parts record', () => {
  const counting = defineLossWeighting({
    name: 'counting',
    bind() {
      let count = 0;
      return {
        feeds() {
          count += 1;
          return {};
        },
        scalarize: (losses) => tf.sum(losses),
        log: () => ({ count }),
        async epochEnd({ epoch }, parameters) {
          const { data } = await parameters.read('trunk/dense0/bias');
          return { epoch, width: data.length };
        },
        saveState: () => ({ count }),
        loadState(state: { count: number }) {
          count = state.count;
        },
      };
    },
  });
  const late = defineAuxiliary({
    name: 'late',
    bind: () => ({
      logged: ['two'],
      loss: () => ({ loss: tf.scalar(0), logged: { two: tf.scalar(2) } }),
      epochEnd: ({ epoch }) => (epoch === 0 ? undefined : { late: epoch }),
    }),
  });

  it('is in the history by epoch, in events by step, and goes on after an interruption', async () => {
    const events: StepEvent[] = [];
    const stepEnd = (event: StepEvent) => void events.push(event);
    const trainer = keep(await mixedTrainer({ balancing: counting, auxiliary: [late] }));
    const fit = { epochs: 3, batchSize: 4 };
    const { logged } = await trainer.fit(train, { ...fit, callbacks: [{ stepEnd }] });
    expect(logged).toEqual({
      'late/two': [2, 2, 2],
      'counting/count': [1.5, 3.5, 5.5],
      'counting/epoch': [0, 1, 2],
      'counting/width': [5, 5, 5],
      'late/late': [Number.NaN, 1, 2],
    });
    expect(events[2]?.logged).toEqual({ 'late/two': 2, 'counting/count': 3 });

    const options = { balancing: counting, auxiliary: [late] };
    const interrupted = keep(await mixedTrainer(options));
    await fitSteps(interrupted, train, 3, fit);
    const resumed = keep(await mixedTrainer(options));
    await resumed.restore(await interrupted.checkpoint());
    expect((await resumed.fit(train, fit)).logged).toEqual(logged);
  });

  it('comes from plans with their reports', async () => {
    const plan = defineStepPlan({
      name: 'told',
      bind: () => ({
        async step({ gradient, apply, info }) {
          const found = await gradient();
          await apply(found.gradient);
          return { ...found, logged: { step: info.step } };
        },
      }),
    });
    const trainer = keep(await mixedTrainer({ balancing: plan }));
    expect((await trainer.fit(train, { epochs: 2, batchSize: 4 })).logged).toEqual({ 'told/step': [0.5, 2.5] });
  });

  it('must be named by whoever gives it', async () => {
    const wrong = defineAuxiliary({
      name: 'wrong',
      bind: () => ({ logged: ['rate'], loss: () => ({ loss: tf.scalar(0), logged: { rates: tf.scalar(1) } }) }),
    });
    const trainer = keep(await mixedTrainer({ auxiliary: [wrong] }));
    await expect(trainer.fit(train, { epochs: 1 })).rejects.toThrow(
      /number `rate` that auxiliary term `wrong` logs.*`rates`/,
    );
  });
});

describe('what parts are told of the run', () => {
  it('primary task, groups, definitions; who is none is refused', async () => {
    const seen: (BalancingContext | SharingContext)[] = [];
    const sharing = tinySharing();
    const options = {
      primary: 'level' as const,
      groups: { numbers: ['level'] } as const,
      sharing: defineSharing({
        ...sharing,
        bind(context) {
          seen.push(context);
          return sharing.bind(context);
        },
      }),
      balancing: defineLossWeighting({
        name: 'told',
        bind(context) {
          seen.push(context);
          return { scalarize: (losses) => tf.sum(losses) };
        },
      }),
    };
    const trainer = keep(await mixedTrainer(options));
    await trainer.fit(train, { epochs: 1 });
    for (const context of seen) expect(context).toMatchObject({ primary: 'level', groups: { numbers: ['level'] } });
    const { objectives } = seen[1] as BalancingContext;
    expect(objectives.map(({ name, task }) => [name, task?.problem, task?.label])).toEqual([
      ['kind', 'classification', 'class'],
      ['level', 'regression', 'number'],
    ]);
    await expect(mixedTrainer({ primary: 'levle' })).rejects.toThrow(/task named `levle`.*`level`/);
    await expect(mixedTrainer({ groups: { some: ['nobody'] } })).rejects.toThrow(/task named `nobody`/);
  });

  it('early stopping may watch the primary task', async () => {
    const stopping = { patience: 0, minDelta: 1e9, monitor: 'primary' as const };
    const fit = { epochs: 9, batchSize: 4, validation: train, earlyStopping: stopping };
    const trainer = keep(await mixedTrainer({ primary: 'level' }));
    const history = await trainer.fit(train, fit);
    expect([history.stopped, history.seconds.length]).toEqual(['early', 2]);
    const without = keep(await mixedTrainer());
    await expect(without.fit(train, fit)).rejects.toThrow(/'primary' only in a run with a primary task/);
  });

  it('how long it is; null where it has no end', async () => {
    const seen: unknown[] = [];
    const balancing = defineLossWeighting({
      name: 'long',
      bind: () => ({
        feeds({ totalSteps, totalEpochs, stepsPerEpoch }) {
          seen.push([totalSteps, totalEpochs, stepsPerEpoch]);
          return {};
        },
        scalarize: (losses) => tf.sum(losses),
      }),
    });
    const endless = keep(await mixedTrainer({ balancing }));
    await fitSteps(endless, train, 1, { epochs: Number.POSITIVE_INFINITY, batchSize: 4 });
    await endless.fit(train, { epochs: 1, batchSize: 4 });
    expect(seen).toEqual([
      [null, null, 2],
      [2, 1, 2],
    ]);
  });
});

it('takes up a checkpoint from before anything was recorded', async () => {
  const trainer = keep(await mixedTrainer());
  await fitSteps(trainer, train, 1, { epochs: 2, batchSize: 4 });
  const { state, tensors } = await trainer.checkpoint();
  const { reached: _, observers: __, ...old } = state as Record<string, object>;
  const without = ({ logged, ...rest }: Record<string, unknown>) => (logged === undefined ? {} : rest);
  const saved = { ...old, history: without(old.history as never), sums: without(old.sums as never) };
  const resumed = keep(await mixedTrainer());
  await resumed.restore({ state: saved as never, tensors });
  await trainer.fit(train, { epochs: 2, batchSize: 4 });
  await resumed.fit(train, { epochs: 2, batchSize: 4 });
  expect((await resumed.checkpoint()).tensors).toEqual((await trainer.checkpoint()).tensors);
});

import {
  type AnyTask,
  adam,
  CheckpointError,
  classification,
  createTrainer,
  decodeCheckpoint,
  defineAuxiliary,
  defineGradientBalancing,
  defineLossWeighting,
  defineSchedule,
  defineStepPlan,
  eager,
  encodeCheckpoint,
  type FitOptions,
  hostTensor,
  type MultiTaskDataset,
  mlp,
  momentum,
  perTaskDatasets,
  regression,
  type State,
  sgd,
  stepDecay,
  sumOfLosses,
  type TrainerOptions,
  warmUp,
  zerosInitializer,
} from '@polytask/core';
import { defineExecutor } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { linearTask, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import {
  essence,
  fitSteps,
  leavingNoTensor,
  makeTable,
  mixedTasks,
  mixedTrainer,
  restlessSharing,
} from '../training/fixtures.js';

type Options = TrainerOptions<readonly AnyTask[]>;

const keep = leavingNoTensor();

/** Several interruptions on the way: at each of `stops` the run goes through bytes into a new trainer. */
async function inPieces(
  make: () => Promise<Awaited<ReturnType<typeof mixedTrainer>>>,
  train: MultiTaskDataset,
  fit: FitOptions,
  stops: number[],
) {
  let trainer = keep(await make());
  for (const stop of stops) {
    await fitSteps(trainer, train, stop, fit);
    expect(trainer.history).toMatchObject({ steps: stop, stopped: 'signal' });
    const bytes = await encodeCheckpoint(await trainer.checkpoint());
    trainer.dispose();
    trainer = keep(await make());
    await trainer.restore(await decodeCheckpoint(bytes));
  }
  await trainer.fit(train, fit);
  return trainer;
}

/** An interrupted run must be, in everything that a checkpoint holds, the run that was not. */
async function expectSame(
  options: Partial<Options>,
  train: MultiTaskDataset,
  fit: FitOptions,
  stops: readonly number[][],
) {
  const make = () => mixedTrainer(options);
  const whole = keep(await make());
  await whole.fit(train, fit);
  const expected = await essence(whole);
  for (const pieces of stops)
    expect(await essence(await inPieces(make, train, fit, pieces)), `stopped at ${pieces}`).toEqual(expected);
  return { whole, expected };
}

const train = makeTable(22, 'train');
const validation = makeTable(15, 'validation');
/** With batches of 3 rows the last one of an epoch has 2, which BatchNorm needs. */
const oneMore = makeTable(23, 'train');
const everyStep = Array.from({ length: 8 }, (_, i) => [i + 1]);

describe('a run that is interrupted and goes on is the same, bit for bit', () => {
  it('at every step: with Adam, dropout, BatchNorm, missing labels, early stopping and validation', async () => {
    const options = { optimizer: adam({ learningRate: 0.05 }), sharing: restlessSharing() };
    const fit: FitOptions = { epochs: 2, batchSize: 3, validation, earlyStopping: { patience: 5, restoreBest: true } };
    const { expected } = await expectSame(options, oneMore, fit, [...everyStep, [2, 3, 13]]);
    expect(expected.state).toMatchObject({ epoch: 2, history: { steps: 16, stopped: 'epochs' } });
    // The heads of the tasks have had fewer updates than the trunk: there is something to lose.
    expect(new Set(expected.state.counts as number[]).size).toBeGreaterThan(1);
    expect(Object.keys(expected.tensors)).toContain('best/0/parameters');
  });

  it('on wasm too', async () => {
    await useBackend('wasm');
    const options = { optimizer: adam({ learningRate: 0.05 }), sharing: restlessSharing() };
    await expectSame(options, train, { epochs: 2, batchSize: 5, validation }, [[3], [5], [6, 9]]);
  });

  it('with momentum, schedule, clipping, and a last batch that is dropped', async () => {
    const optimizer = momentum({ learningRate: 0.05, clipNorm: 0.5, schedule: warmUp(3, stepDecay(2, 0.5)) });
    await expectSame({ optimizer }, train, { epochs: 2, batchSize: 4, lastBatch: 'drop' }, [[1], [5], [6], [9]]);
  });

  it('with a loss weighting that has variables, a memory and random numbers', async () => {
    const balancing = defineLossWeighting({
      name: 'restless',
      bind({ tasks, scope, uniform }) {
        const variances = scope.variable('log-variances', [tasks.length], zerosInitializer);
        let ratio = 1;
        return {
          feeds: ({ step }) => ({ ratio: hostTensor(ratio), draw: hostTensor(tasks.map(uniform(step))) }),
          scalarize: (losses, active, { ratio: factor, draw }) => {
            const weights = tf.mul(tf.add(tf.exp(tf.neg(variances)), draw as tf.Tensor), factor as tf.Tensor);
            return tf.sum(tf.mul(active, tf.add(tf.mul(losses, weights), variances))) as tf.Scalar;
          },
          epochEnd: ({ meanLosses }) => {
            ratio = 1 / (1 + (meanLosses[0] as number));
          },
          saveState: () => ({ ratio }),
          loadState: (state) => {
            ratio = state.ratio as number;
          },
        };
      },
    });
    const { expected } = await expectSame({ balancing, optimizer: adam() }, train, { epochs: 3, batchSize: 8 }, [
      [1],
      [3],
      [5],
      [4, 8],
    ]);
    expect((expected.state.balancing as { ratio: number }).ratio).not.toBe(1);
  });

  it('with a gradient balancing that carries tensors from step to step', async () => {
    const balancing = defineGradientBalancing({
      name: 'remembering',
      bind: () => ({
        state: ({ columns }) => ({ mean: [columns] }),
        aggregate({ jacobian, state, uniform }) {
          const noise = tf.sub(uniform('noise', [jacobian.shape[0]]), 0.5);
          const now = tf.sum(tf.mul(jacobian, tf.expandDims(tf.add(noise, 1), 1)), 0) as tf.Tensor1D;
          const mean = tf.add(tf.mul(state.mean as tf.Tensor1D, 0.5), tf.mul(now, 0.5)) as tf.Tensor1D;
          return { direction: mean, state: { mean } };
        },
      }),
    });
    const { expected } = await expectSame(
      { balancing, sharing: restlessSharing() },
      train,
      { epochs: 2, batchSize: 8 },
      [[1], [3], [4]],
    );
    expect(expected.tensors['stored/balancing/mean']?.data.some((value) => value !== 0)).toBe(true);
  });

  it('with a gradient balancing that remembers on the host', async () => {
    const balancing = defineGradientBalancing({
      name: 'counting',
      bind() {
        let calls = 0;
        return {
          weights: ({ tasks }) => {
            calls += 1;
            return tasks.map((k) => 1 + ((calls + k) % 3));
          },
          saveState: () => ({ calls }),
          loadState: (state) => {
            calls = state.calls as number;
          },
        };
      },
    });
    await expectSame({ balancing }, train, { epochs: 2, batchSize: 8 }, [[1], [3], [4], [5]]);
  });

  it('with a plan that draws further batches and stores a gradient', async () => {
    const balancing = defineStepPlan({
      name: 'looking-around',
      bind: () => ({
        async step({ gradient, anotherBatch, validationBatch, stored, store, axpy, apply, losses }) {
          const now = await gradient({ batch: await anotherBatch() });
          const there = await losses({ batch: await validationBatch() });
          const earlier = stored('gradient');
          if (earlier !== undefined) await axpy(now.gradient, 0.5 * (there[0] ?? 1), earlier);
          await apply(now.gradient);
          store('gradient', now.gradient);
          return { losses: now.losses, weights: now.weights };
        },
      }),
    });
    const { expected } = await expectSame({ balancing }, train, { epochs: 2, batchSize: 8, validation }, [
      [1],
      [2],
      [3],
      [4, 5],
    ]);
    expect(expected.state.drawn).toEqual({ another: 6, validation: 6 });
  });

  it('with auxiliary objectives: a penalty prepared now and then, a discriminator, a moving factor', async () => {
    const penalty = defineAuxiliary({
      name: 'penalty',
      updateEvery: 4,
      weight: 0.1,
      bind: ({ layout }) => ({
        async prepare(parameters) {
          return { centre: await parameters.read(layout.segments[0]?.path as string) };
        },
        loss: ({ feeds }) =>
          tf.sum(tf.square(tf.sub(layout.segments[0]?.variable as tf.Tensor, feeds.centre as tf.Tensor))) as tf.Scalar,
      }),
    });
    const discriminator = defineAuxiliary({
      name: 'discriminator',
      asTask: true,
      bind({ scope, shared }) {
        const weights = scope.variable('weights', [shared?.[0] ?? 0, 1], zerosInitializer);
        let trust = 0;
        return {
          feeds: ({ step }) => {
            trust = 0.9 * trust + 0.1 * step;
            return { trust: hostTensor(trust) };
          },
          loss: ({ state, feeds }) =>
            tf.mul(
              tf.mean(tf.square(tf.sub(tf.matMul(state.shared as tf.Tensor2D, weights as tf.Tensor2D), 1))),
              feeds.trust as tf.Tensor,
            ) as tf.Scalar,
          saveState: () => ({ trust }),
          loadState: (state) => {
            trust = state.trust as number;
          },
        };
      },
    });
    const options = { auxiliary: [penalty, discriminator], optimizer: adam({ learningRate: 0.02 }) };
    await expectSame(options, train, { epochs: 3, batchSize: 8 }, [[1], [2], [4], [5], [6, 7]]);
  });

  it('with a data set per task and a schedule that learns', async () => {
    const perTask = perTaskDatasets({
      b: rowsDataset({
        b: [
          [1, 2],
          [3, 4],
          [-1, -2],
        ],
      }),
      a: rowsDataset({
        a: [
          [1, 0],
          [0, 1],
          [1, 1],
          [2, 2],
          [3, 1],
        ],
      }),
    });
    const schedule = defineSchedule({
      name: 'learning',
      bind({ tasks, sizes, batchSize, uniform }) {
        expect([tasks, sizes]).toEqual([
          ['a', 'b'],
          [5, 3],
        ]);
        let last = 0;
        return {
          rows({ step }) {
            const first = Math.min(batchSize, Math.floor(uniform(step)() * batchSize + Math.abs(last)));
            return [first, batchSize - first];
          },
          observe: ({ losses }) => {
            last = Number.isNaN(losses[0]) ? 1 : (losses[0] as number) % 1;
          },
          saveState: () => ({ last }),
          loadState: (state) => {
            last = state.last as number;
          },
        };
      },
    });
    const options: Partial<Options> = {
      tasks: [linearTask('a', 2), linearTask('b', 2)],
      sharing: vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } }),
      schedule,
      optimizer: momentum(),
    };
    const { expected } = await expectSame(options, perTask, { epochs: 3, batchSize: 3 }, [[1], [2], [3], [5, 6]]);
    expect((expected.state.schedule as { last: number }).last).not.toBe(0);
  });

  it('with labels laid over between epochs', async () => {
    const relabel = {
      epochEnd({ epoch }: { epoch: number }, labels: { setOverlay(task: string, overlay: object): void }) {
        const ids = Int32Array.of(2, epoch + 4);
        labels.setOverlay('kind', {
          ids,
          targets: { data: Int32Array.of(0, 1), shape: [2] },
          weights: Float32Array.of(0.5, 2),
        });
      },
    };
    const fit = { epochs: 3, batchSize: 8, callbacks: [relabel] };
    const { expected } = await expectSame({}, train, fit, [[2], [3], [4], [8]]);
    expect(expected.state.overlays).toMatchObject({ kind: { ids: { data: Int32Array.of(2, 7) } } });
  });

  it.each([false, true])('with one of the tasks that early stopping waits for done, frozen: %s', async (freeze) => {
    const earlyStopping = { patience: 0, monitor: 'tasks', freeze } as const;
    const fit: FitOptions = { epochs: 6, batchSize: 8, validation, earlyStopping };
    const options = { optimizer: sgd({ learningRate: 0.3 }) };
    const { expected } = await expectSame(options, train, fit, [[3], [11], [12], [13], [14]]);
    expect(expected.state).toMatchObject({
      stopping: { watched: [{ stopped: true }, { stopped: false }] },
      history: { epochs: 6 },
    });
  });

  it('after early stopping has ended it: nothing more happens', async () => {
    const fit: FitOptions = { epochs: 50, batchSize: 8, validation, earlyStopping: { patience: 1, restoreBest: true } };
    const make = () => mixedTrainer({ optimizer: sgd({ learningRate: 1 }) });
    const first = keep(await make());
    await first.fit(train, fit);
    expect(first.history?.stopped).toBe('early');
    const second = keep(await make());
    await second.restore(await first.checkpoint());
    await second.fit(train, fit);
    expect(await essence(second)).toEqual(await essence(first));
  });
});

describe('a checkpoint', () => {
  it('taken in stepEnd, epochEnd or onMetrics goes on with what comes next', async () => {
    const whole = keep(await mixedTrainer());
    const taken: Awaited<ReturnType<typeof whole.checkpoint>>[] = [];
    const take = async () => void taken.push(await whole.checkpoint());
    const fit: FitOptions = { epochs: 2, batchSize: 8 };
    await whole.fit(train, { ...fit, onMetrics: take, callbacks: [{ stepEnd: take, epochEnd: take }] });
    expect(taken.map(({ state }) => (state.history as { steps?: number }).steps)).toEqual([
      1, 2, 3, 3, 3, 4, 5, 6, 6, 6,
    ]);
    const expected = await essence(whole);
    for (const checkpoint of taken) {
      const trainer = keep(await mixedTrainer());
      await trainer.restore(checkpoint);
      await trainer.fit(train, fit);
      expect(await essence(trainer)).toEqual(expected);
      trainer.dispose();
    }
  });

  it('asked for at any moment is one of a moment between steps', async () => {
    type Made = Awaited<ReturnType<typeof mixedTrainer>>;
    const pending: Promise<Awaited<ReturnType<Made['checkpoint']>>>[] = [];
    let asking: Made | undefined;
    // A device that takes its time: somebody asks in the middle of every step, and of every evaluation.
    const executor = defineExecutor({
      name: 'slow',
      async open(layout) {
        const session = await eager().open(layout);
        return {
          ...session,
          async run(program, call) {
            const result = await session.run(program, call);
            if (asking !== undefined) pending.push(asking.checkpoint());
            await new Promise((resolve) => setTimeout(resolve, 1));
            return result;
          },
        };
      },
    });
    const fit: FitOptions = { epochs: 2, batchSize: 8, validation };
    const whole = keep(await mixedTrainer({ executor, optimizer: adam() }));
    asking = whole;
    await whole.fit(train, fit);
    asking = undefined;
    const taken = await Promise.all(pending);
    const expected = await essence(whole);
    const counts = taken.map(({ state }) => [state.epoch, state.batch, (state.history as { steps?: number }).steps]);
    // Three steps and one evaluation in each epoch.
    expect(counts).toEqual([
      [0, 1, 1],
      [0, 2, 2],
      [0, 3, 3],
      [1, 0, 3],
      [1, 1, 4],
      [1, 2, 5],
      [1, 3, 6],
      [2, 0, 6],
    ]);
    for (const checkpoint of taken) {
      const resumed = keep(await mixedTrainer({ optimizer: adam() }));
      await resumed.restore(checkpoint);
      await resumed.fit(train, fit);
      expect(await essence(resumed)).toEqual(expected);
    }
  });

  it('does not change while the run goes on', async () => {
    const trainer = keep(await mixedTrainer());
    await fitSteps(trainer, train, 2, { epochs: 2, batchSize: 8 });
    const checkpoint = await trainer.checkpoint();
    const copy = structuredClone(checkpoint);
    await trainer.fit(train, { epochs: 2, batchSize: 8 });
    expect(checkpoint).toEqual(copy);
    const other = keep(await mixedTrainer());
    await other.restore(checkpoint);
    await other.fit(train, { epochs: 2, batchSize: 8 });
    expect(checkpoint).toEqual(copy);
    expect(await essence(other)).toEqual(await essence(trainer));
  });

  it('brings back what tasks learned from the training labels, so that predictions are in their units', async () => {
    const inputs = { x: { data: Float32Array.of(0.5, 0.1, 0.9), shape: [1, 3] } };
    const trainer = keep(await mixedTrainer());
    await trainer.fit(train, { epochs: 3, batchSize: 8 });
    const other = keep(await mixedTrainer());
    await other.restore(await decodeCheckpoint(await encodeCheckpoint(await trainer.checkpoint())));
    expect(await other.predict(inputs)).toEqual(await trainer.predict(inputs));
    expect(Math.abs((await other.predict(inputs)).level?.[0] as number)).toBeGreaterThan(50);
    expect(await other.evaluate(validation)).toEqual(await trainer.evaluate(validation));
    expect(other.history).toEqual(trainer.history);
  });

  it('may be of a model that was never trained', async () => {
    const inputs = { x: { shape: [3], dtype: 'float32' as const } };
    const trainer = keep(await mixedTrainer({ inputs }));
    const other = keep(await mixedTrainer());
    await other.restore(await trainer.checkpoint());
    await Promise.all([trainer.fit(train, { epochs: 1 }), other.fit(train, { epochs: 1 })]);
    expect(await essence(other)).toEqual(await essence(trainer));
  });
});

describe('a checkpoint of another run is refused, saying what differs', () => {
  const tasks = mixedTasks() as readonly AnyTask[];
  const penalty = (weight: number) =>
    defineAuxiliary({ name: 'penalty', weight, bind: () => ({ loss: () => tf.scalar(0) }) });
  const weighting = (alpha: number, scale: 'paper' | 'tasks' = 'tasks') =>
    defineLossWeighting({
      name: 'weighting',
      scale,
      options: { alpha },
      bind: () => ({ scalarize: (losses) => tf.sum(losses) as tf.Scalar }),
    });
  const base: Partial<Options> = {
    optimizer: adam({ learningRate: 0.1, schedule: warmUp(10) }),
    balancing: weighting(1),
    auxiliary: [penalty(1)],
  };
  const cases: [string, Partial<Options>, string][] = [
    [
      'task',
      { tasks: [classification('other', { classes: 3, column: 'kind' }), tasks[1] as AnyTask] },
      '`tasks.0.name` is "kind" there and "other" here',
    ],
    ['task order', { tasks: [...tasks].reverse() }, '`tasks.0.name` is "kind" there and "level" here'],
    ['number of tasks', { tasks: tasks.slice(0, 1) }, '`tasks.1` is'],
    [
      'task type',
      { tasks: [tasks[0] as AnyTask, classification('level', { classes: 3 })] },
      '`tasks.1.options.classes` is missing there and 3 here',
    ],
    [
      'task option',
      { tasks: [tasks[0] as AnyTask, regression('level', { loss: 'mae' })] },
      '`tasks.1.options.loss` is "mse" there and "mae" here',
    ],
    [
      'sharing strategy',
      { sharing: vectorSharing({ v: { size: 3, usedBy: ['kind'] } }) },
      '`sharing.name` is "plain" there and "vectors" here',
    ],
    [
      'layer',
      { sharing: tinySharing(mlp([6])) },
      '`variables.0` is "trunk/dense0/kernel [3, 5]" there and "trunk/dense0/kernel [3, 6]" here',
    ],
    ['number of layers', { sharing: tinySharing(mlp([5, 5])) }, '`variables.2` is "heads/kind'],
    ['balancing', { balancing: sumOfLosses() }, '`balancing.name` is "weighting" there and "sum-of-losses" here'],
    ['balancing option', { balancing: weighting(2) }, '`balancing.options.alpha` is 1 there and 2 here'],
    ['balancing scale', { balancing: weighting(1, 'paper') }, '`balancing.scale` is "tasks" there and "paper" here'],
    ['auxiliary objective', { auxiliary: [] }, '`auxiliary.0` is'],
    ['auxiliary weight', { auxiliary: [penalty(2)] }, '`auxiliary.0.weight` is 1 there and 2 here'],
    ['optimizer', { optimizer: sgd() }, '`optimizer.name` is "adam" there and "sgd" here'],
    [
      'learning rate',
      { optimizer: adam({ learningRate: 0.2, schedule: warmUp(10) }) },
      '`optimizer.options.learningRate` is 0.1 there and 0.2 here',
    ],
    [
      'group',
      { optimizer: adam({ learningRate: 0.1, schedule: warmUp(10), groups: { balancing: { learningRate: 1 } } }) },
      '`optimizer.options.groups.balancing` is missing there',
    ],
    [
      'learning rate schedule',
      { optimizer: adam({ learningRate: 0.1, schedule: warmUp(20) }) },
      '`rates.0` is 0.1 there and 0.05 here',
    ],
    [
      'task schedule',
      { schedule: defineSchedule({ name: 'even', bind: () => ({ rows: () => [1] }) }) },
      '`schedule` is null there',
    ],
    ['seed', { seed: 2 }, '`seed` is 1 there and 2 here'],
  ];

  it.each(cases)('%s', async (_, changed, message) => {
    const theirs = keep(await mixedTrainer(base));
    await fitSteps(theirs, train, 1, { epochs: 1, batchSize: 8 });
    const checkpoint = await theirs.checkpoint();
    const ours = keep(await mixedTrainer({ ...base, ...changed }));
    const held = tf.memory().numTensors;
    await expect(ours.restore(checkpoint)).rejects.toThrow(`This checkpoint belongs to another run: ${message}`);
    await expect(ours.restore(checkpoint)).rejects.toThrow(CheckpointError);
    expect(tf.memory().numTensors).toBe(held);
  });

  it('but another executor or citation is the same run', async () => {
    const theirs = keep(await mixedTrainer());
    await theirs.fit(train, { epochs: 1 });
    const cites = [{ authors: 'A', title: 'T', venue: 'V', year: 2000, url: '' }];
    const ours = keep(await mixedTrainer({ optimizer: { ...sgd({ learningRate: 0.1 }), cites } }));
    await ours.restore(await theirs.checkpoint());
    expect(ours.history?.steps).toBe(theirs.history?.steps);
  });

  it('and so is one that is not whole, leaving the run as it was', async () => {
    const trainer = keep(await mixedTrainer());
    await trainer.fit(train, { epochs: 1 });
    trainer.labels.setOverlay('kind', { ids: Int32Array.of(1), weights: Float32Array.of(3) });
    const whole = await trainer.checkpoint();
    const now = await essence(trainer);
    const { parameters: _, ...others } = whole.tensors;
    const short = { data: new Float32Array(1), shape: [1] };
    const broken: [unknown, RegExp][] = [
      [{ ...whole, tensors: others }, /lacks the tensor `parameters`/],
      [
        { ...whole, tensors: { ...whole.tensors, statistics: short } },
        /`statistics` of the checkpoint must have shape \[0\], but has \[1\]/,
      ],
      [{ state: {}, tensors: {} }, /was not written by `trainer.checkpoint\(\)`/],
      [
        { ...whole, state: { ...whole.state, overlays: { kind: { ids: 'none' } } as unknown as State } },
        /overlay of task `kind`/,
      ],
    ];
    for (const [checkpoint, message] of broken) {
      const held = tf.memory().numTensors;
      await expect(trainer.restore(checkpoint as never)).rejects.toThrow(message);
      expect(tf.memory().numTensors).toBe(held);
      expect(await essence(trainer)).toEqual(now);
    }
    await trainer.fit(train, { epochs: 2 });
    expect(trainer.history?.seconds).toHaveLength(2);
  });
});

it('restores into a trainer that has trained already, in place of its run', async () => {
  const trainer = keep(await mixedTrainer());
  await trainer.fit(train, { epochs: 1, batchSize: 8 });
  const checkpoint = await trainer.checkpoint();
  const expected = await essence(trainer);
  const held = tf.memory().numTensors;
  await trainer.fit(train, { epochs: 2, batchSize: 8 });
  await trainer.restore(checkpoint);
  expect(await essence(trainer)).toEqual(expected);
  expect(tf.memory().numTensors).toBe(held);
});

it('is refused before there is a model', async () => {
  const trainer = await createTrainer({ tasks: mixedTasks(), sharing: tinySharing() });
  await expect(trainer.checkpoint()).rejects.toMatchObject({ code: 'POLYTASK_NO_MODEL' });
});

import {
  type AnyTask,
  createTrainer,
  defineGradientBalancing,
  defineLossWeighting,
  defineObserver,
  defineStepPlan,
  type EpochEvent,
  NonFiniteError,
  type StepEvent,
  sgd,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { linearTask, noise, readBits, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { fitSteps, leavingNoTensor, makeTable, mixedTrainer, restlessSharing } from './fixtures.js';

const keep = leavingNoTensor();

const train = makeTable(22, 'train');
const validation = makeTable(15, 'validation');

/** Two tasks on one vector; rows of the training data say the gradients. */
const vectorTrainer = (options: Partial<Parameters<typeof mixedTrainer>[0]> = {}) =>
  mixedTrainer({
    tasks: [linearTask('a', 2), linearTask('b', 2)],
    sharing: vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } }),
    ...options,
  });

describe('epochs', () => {
  it('are those of the whole run, however many calls it takes', async () => {
    const [once, twice] = [keep(await mixedTrainer()), keep(await mixedTrainer())];
    await once.fit(train, { epochs: 3, batchSize: 8 });
    await twice.fit(train, { epochs: 1, batchSize: 8 });
    await twice.fit(train, { epochs: 3, batchSize: 8 });
    expect(twice.history).toMatchObject({ steps: 9, stopped: 'epochs' });
    expect(await readBits(twice)).toEqual(await readBits(once));
    const bits = await readBits(twice);
    await twice.fit(train, { epochs: 3, batchSize: 8 });
    await twice.fit(train, { epochs: 1, batchSize: 8 });
    expect(twice.history).toMatchObject({ steps: 9, stopped: 'epochs' });
    expect(await readBits(twice)).toEqual(bits);
  });

  it('have their rows in an order of their own, or none', async () => {
    const orders = async (shuffle: boolean, seed = 1) => {
      const seen: number[][] = [];
      const trainer = keep(await vectorTrainer({ seed, balancing: watching((ids) => seen.push(ids)) }));
      await trainer.fit(rowsDataset({ a: rows(6), b: rows(6) }), { epochs: 2, batchSize: 4, shuffle });
      return seen;
    };
    expect(await orders(false)).toEqual([
      [0, 1, 2, 3],
      [4, 5],
      [0, 1, 2, 3],
      [4, 5],
    ]);
    const shuffled = await orders(true);
    for (const epoch of [shuffled.slice(0, 2), shuffled.slice(2)])
      expect(epoch.flat().sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(shuffled.slice(2).flat()).not.toEqual(shuffled.slice(0, 2).flat());
    expect(await orders(true)).toEqual(shuffled);
    expect(await orders(true, 2)).not.toEqual(shuffled);
  });

  it('end with a smaller batch, or without it', async () => {
    const sizes = async (lastBatch: 'keep' | 'drop') => {
      const seen: number[] = [];
      const trainer = keep(await vectorTrainer({ balancing: watching((ids) => seen.push(ids.length)) }));
      await trainer.fit(rowsDataset({ a: rows(7), b: rows(7) }), { epochs: 1, batchSize: 3, lastBatch });
      return seen;
    };
    expect(await sizes('keep')).toEqual([3, 3, 1]);
    expect(await sizes('drop')).toEqual([3, 3]);
  });

  it.each([
    ['epochs', { epochs: 0 }],
    ['epochs', { epochs: 1.5 }],
    ['batchSize', { epochs: 1, batchSize: 0 }],
  ])('%s must be a positive whole number', async (option, options) => {
    const trainer = keep(await mixedTrainer());
    await expect(trainer.fit(train, options)).rejects.toThrow(`Option \`${option}\` must be a positive whole number`);
  });
});

const rows = (n: number) => Array.from({ length: n }, (_, i) => noise(2, i));

/** A plan that only looks at the row ids of its batches. */
const watching = (see: (ids: number[]) => void) =>
  defineStepPlan({
    name: 'watching',
    bind: () => ({
      async step({ batch, objectives }) {
        see(Array.from(batch.ids.a as Int32Array));
        return { losses: new Float64Array(objectives.length), weights: [1, 1] };
      },
    }),
  });

describe('determinism', () => {
  it.each(['cpu', 'wasm'] as const)('on %s: same seed, same bits; another seed, others', async (backend) => {
    await useBackend(backend);
    const run = async (seed: number) => {
      const trainer = keep(await mixedTrainer({ seed, sharing: restlessSharing() }));
      await trainer.fit(train, { epochs: 2, batchSize: 8, validation });
      const { seconds: _, ...history } = trainer.history as NonNullable<typeof trainer.history>;
      return { bits: await readBits(trainer), history };
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    const other = await run(2);
    for (const [path, values] of Object.entries(first.bits)) {
      // Biases of heads start at 0, but do not stay there.
      expect(other.bits[path], path).not.toEqual(values);
    }
  });
});

describe('the signal', () => {
  it('ends the run after the step under way', async () => {
    const trainer = keep(await mixedTrainer());
    await fitSteps(trainer, train, 4, { epochs: 3, batchSize: 8 });
    expect(trainer.history).toMatchObject({ steps: 4, stopped: 'signal', seconds: [expect.any(Number)] });
  });

  it('that is given before the first step lets none happen', async () => {
    const trainer = keep(await mixedTrainer());
    const history = await trainer.fit(train, { epochs: 1, signal: AbortSignal.abort() });
    expect(history).toMatchObject({ steps: 0, stopped: 'signal', seconds: [] });
    expect(await trainer.fit(train, { epochs: 1, batchSize: 8 })).toMatchObject({ steps: 3, stopped: 'epochs' });
    expect(await trainer.fit(train, { epochs: 1, batchSize: 8, signal: AbortSignal.abort() })).toMatchObject({
      stopped: 'epochs',
    });
  });

  it('that comes with the last batch leaves the end of the epoch to the next fit', async () => {
    const trainer = keep(await mixedTrainer());
    await fitSteps(trainer, train, 3, { epochs: 1, batchSize: 8, validation });
    expect(trainer.history?.tasks.level?.loss).toEqual([]);
    await trainer.fit(train, { epochs: 1, batchSize: 8, validation });
    expect(trainer.history).toMatchObject({ steps: 3, stopped: 'epochs' });
    expect(trainer.history?.tasks.level?.loss).toHaveLength(1);
  });

  it('that comes between epochs ends the run there', async () => {
    const trainer = keep(await mixedTrainer());
    const abort = new AbortController();
    await trainer.fit(train, {
      epochs: 3,
      batchSize: 8,
      signal: abort.signal,
      onMetrics: ({ epoch }) => (epoch === 2 ? abort.abort() : undefined),
    });
    expect(trainer.history).toMatchObject({ steps: 6, stopped: 'signal' });
  });

  it('from a timer arrives', async () => {
    const trainer = keep(await mixedTrainer());
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 60);
    await trainer.fit(train, { epochs: 100_000, batchSize: 8, signal: abort.signal });
    expect(trainer.history?.stopped).toBe('signal');
  });
});

describe('an epoch that was stopped within', () => {
  it.each([
    ['batchSize', { batchSize: 4 }],
    ['lastBatch', { lastBatch: 'drop' as const }],
    ['shuffle', { shuffle: false }],
  ])('goes on with the same %s', async (_, other) => {
    const trainer = keep(await mixedTrainer());
    await fitSteps(trainer, train, 1, { epochs: 2, batchSize: 8 });
    const changed = trainer.fit(train, { epochs: 2, batchSize: 8, ...other });
    await expect(changed).rejects.toMatchObject({ code: 'POLYTASK_OTHER_PASS' });
    await expect(changed).rejects.toThrow(/stopped within an epoch of batchSize 8, .*, but is to go on with batchSize/);
    // A new epoch may be gone through in any way.
    await trainer.fit(train, { epochs: 1, batchSize: 8 });
    await trainer.fit(train, { epochs: 2, batchSize: 8, ...other });
    expect(trainer.history?.seconds).toHaveLength(2);
  });

  it('goes on with the same number of rows', async () => {
    const trainer = keep(await mixedTrainer());
    await fitSteps(trainer, train, 1, { epochs: 2, batchSize: 8 });
    await expect(trainer.fit(makeTable(23, 1), { epochs: 2, batchSize: 8 })).rejects.toThrow(
      /and 22 rows, but .* and 23 rows/,
    );
  });
});

describe('events', () => {
  it('come in order, with what happened', async () => {
    const log: string[] = [];
    const steps: StepEvent[] = [];
    const epochs: EpochEvent[] = [];
    const trainer = keep(await mixedTrainer());
    const note = (name: string) => ({
      async stepEnd(event: StepEvent) {
        await null;
        log.push(`${name} step ${event.step}`);
        steps.push(event);
      },
      async epochEnd(event: EpochEvent) {
        await null;
        log.push(`${name} epoch ${event.epoch}`);
      },
    });
    await trainer.fit(train, {
      epochs: 2,
      batchSize: 16,
      validation,
      callbacks: [note('first'), note('second'), {}],
      async onMetrics(event) {
        await null;
        log.push(`metrics ${event.epoch}`);
        epochs.push({ ...event, history: structuredClone(event.history) });
      },
    });
    const epoch = (n: number) => [
      ...[2 * n - 2, 2 * n - 1].flatMap((step) => [`first step ${step}`, `second step ${step}`]),
      `metrics ${n}`,
      `first epoch ${n}`,
      `second epoch ${n}`,
    ];
    expect(log).toEqual([...epoch(1), ...epoch(2)]);
    expect(steps.map(({ step, epoch, batch, batches }) => [step, epoch, batch, batches])).toEqual(
      [
        [0, 0, 1, 2],
        [1, 0, 2, 2],
        [2, 1, 1, 2],
        [3, 1, 2, 2],
      ].flatMap((one) => [one, one]),
    );
    for (const { losses, weights, terms } of steps) {
      expect(Object.keys(losses)).toEqual(['kind', 'level']);
      expect(weights).toEqual({ kind: 1, level: 1 });
      expect(terms).toEqual({});
    }
    const [first, second] = epochs as [EpochEvent, EpochEvent];
    expect(first).toMatchObject({ epoch: 1, epochs: 2, scores: { tasks: { kind: { rows: 9 }, level: { rows: 13 } } } });
    // What is recorded of an epoch is the mean over its steps.
    const means = [0, 2].map(
      (from) => ((steps[2 * from]?.losses.level ?? 0) + (steps[2 * from + 2]?.losses.level ?? 0)) / 2,
    );
    expect(trainer.history?.tasks.level?.trainLoss).toEqual(means);
    expect(first.history.tasks.level?.trainLoss).toEqual(means.slice(0, 1));
    expect(trainer.history?.tasks.level).toMatchObject({
      loss: [first, second].map(({ scores }) => scores?.tasks.level?.loss),
      rmse: [first, second].map(({ scores }) => (scores?.tasks.level as { rmse?: number } | undefined)?.rmse),
    });
    expect(trainer.history?.seconds).toEqual([first.seconds, second.seconds]);
  });

  it('have validation scores that evaluate gives too', async () => {
    const trainer = keep(await mixedTrainer());
    const history = await trainer.fit(train, { epochs: 2, batchSize: 8, validation, evaluationBatchSize: 4 });
    const { tasks } = await trainer.evaluate(validation, { batchSize: 4 });
    for (const name of ['kind', 'level'] as const) {
      const { rows: _, ...scores } = tasks[name] as unknown as Record<string, number>;
      const { trainLoss, weight, ...recorded } = history.tasks[name] as unknown as Record<string, number[]>;
      expect(Object.fromEntries(Object.entries(recorded).map(([metric, values]) => [metric, values.at(-1)]))).toEqual(
        scores,
      );
      expect([trainLoss, weight].map((values) => values?.length)).toEqual([2, 2]);
    }
  });

  it('count batches without a label, which no step is taken on', async () => {
    const trainer = keep(await vectorTrainer());
    const data = rowsDataset({ a: [[1, 2], null, null, null, [1, 1]], b: [null, null, null, [2, 1], null] });
    const events: StepEvent[] = [];
    const weights: number[] = [];
    await trainer.fit(data, {
      epochs: 2,
      batchSize: 1,
      shuffle: false,
      callbacks: [{ stepEnd: (event) => void events.push(event) }],
      onMetrics: ({ history }) => void weights.push(history.skipped),
    });
    expect(trainer.history).toMatchObject({ steps: 6, skipped: 4 });
    expect(weights).toEqual([2, 4]);
    expect(events.map(({ step, batch, batches }) => [step, batch, batches])).toEqual([
      [0, 1, 5],
      [1, 4, 5],
      [2, 5, 5],
      [3, 1, 5],
      [4, 4, 5],
      [5, 5, 5],
    ]);
    expect(events.map(({ losses }) => [Number.isNaN(losses.a), Number.isNaN(losses.b)]).slice(0, 3)).toEqual([
      [false, true],
      [true, false],
      [false, true],
    ]);
  });

  it('go on counting batches after a resumption', async () => {
    const first = keep(await mixedTrainer());
    await fitSteps(first, train, 2, { epochs: 1, batchSize: 8 });
    const second = keep(await mixedTrainer());
    await second.restore(await first.checkpoint());
    const seen: number[][] = [];
    await second.fit(train, {
      epochs: 1,
      batchSize: 8,
      callbacks: [{ stepEnd: ({ step, batch, batches }) => void seen.push([step, batch, batches]) }],
    });
    expect(seen).toEqual([[2, 3, 3]]);
  });

  it('record lengths of gradients and cosines between them, and only of tasks that were there', async () => {
    const balancing = defineGradientBalancing({
      name: 'even',
      bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
    });
    const trainer = keep(await vectorTrainer({ balancing }));
    const data = rowsDataset({
      a: [
        [1, 0],
        [1, 0],
        [3, 0],
      ],
      b: [[1, 1], null, [-2, 0]],
    });
    const history = await trainer.fit(data, { epochs: 1, batchSize: 1, shuffle: false });
    const mean = (Math.SQRT1_2 - 1) / 2;
    expect(history.cosines).toHaveLength(1);
    [1, mean, mean, 1].forEach((cosine, i) => {
      expect(history.cosines[0]?.flat()[i]).toBeCloseTo(cosine, 6);
    });
    expect(history.gradientNorms.a?.[0]).toBeCloseTo((1 + 1 + 3) / 3, 6);
    expect(history.gradientNorms.b?.[0]).toBeCloseTo((Math.SQRT2 + 2) / 2, 6);
  });

  it('let labels be laid over for the next epoch', async () => {
    const trainer = keep(await vectorTrainer({ optimizer: sgd({ learningRate: 1 }) }));
    const seen: unknown[] = [];
    await trainer.fit(
      rowsDataset({
        a: [
          [1, 0],
          [1, 0],
        ],
        b: [null, [1, 1]],
      }),
      {
        epochs: 2,
        batchSize: 1,
        shuffle: false,
        callbacks: [
          {
            stepEnd: ({ losses }) => void seen.push(Number.isNaN(losses.b)),
            epochEnd: (_, labels) =>
              labels.setOverlay('b', {
                ids: Int32Array.of(0),
                targets: { data: Float32Array.of(1, 1), shape: [1, 2] },
              }),
          },
        ],
      },
    );
    expect(seen).toEqual([true, false, false, false]);
  });
});

describe('what is not finite', () => {
  it('stops the run, naming task and step', async () => {
    const sharing = vectorSharing({ a: { size: 2, usedBy: ['a'] }, b: { size: 2, usedBy: ['b'] } });
    const trainer = keep(await vectorTrainer({ sharing, optimizer: sgd({ learningRate: 1e30 }) }));
    const fit = trainer.fit(
      rowsDataset({
        a: [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
        b: [
          [1e20, 1],
          [1e20, 1],
          [1e20, 1],
        ],
      }),
      { epochs: 1, batchSize: 1, shuffle: false },
    );
    await expect(fit).rejects.toThrow(NonFiniteError);
    await expect(fit).rejects.toMatchObject({ task: 'b', step: 1, code: 'POLYTASK_NON_FINITE' });
    await expect(fit).rejects.toThrow(/The loss of task `b` is -?(Infinity|NaN) at step 1/);
  });

  it('leaves parameters alone where gradients are taken first', async () => {
    const balancing = defineGradientBalancing({
      name: 'even',
      bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
    });
    const trainer = keep(await vectorTrainer({ balancing, inputs: { x: { shape: [1], dtype: 'float32' } } }));
    const bits = await readBits(trainer);
    await expect(trainer.fit(rowsDataset({ a: [[1, 1]], b: [[3e38, 3e38]] }), { epochs: 1 })).rejects.toThrow(
      NonFiniteError,
    );
    expect(await readBits(trainer)).toEqual(bits);
  });

  it('is told of weights too', async () => {
    const balancing = defineLossWeighting({
      name: 'root',
      bind: () => ({ scalarize: (losses) => tf.sum(tf.sqrt(tf.sub(losses, 1e9))) as tf.Scalar }),
    });
    const trainer = keep(await vectorTrainer({ balancing }));
    await expect(trainer.fit(rowsDataset({ a: [[1, 1]], b: [[1, 1]] }), { epochs: 1 })).rejects.toThrow(
      /The weight of task `a` is NaN at step 0/,
    );
  });

  it('is found in the gradients before a balancing sees them', async () => {
    const balancing = defineGradientBalancing({
      name: 'even',
      bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
    });
    const trainer = keep(await vectorTrainer({ balancing, inputs: { x: { shape: [1], dtype: 'float32' } } }));
    const bits = await readBits(trainer);
    // Finite losses, but a gradient whose square is not.
    const fit = trainer.fit(rowsDataset({ a: [[1, 1]], b: [[1e25, 1]] }), { epochs: 1 });
    await expect(fit).rejects.toThrow(/The squared gradient norm of task `b` is Infinity at step 0/);
    expect(await readBits(trainer)).toEqual(bits);
  });

  it.each(['gramian', 'gramianOf'] as const)('is found before a step plan sees it in `%s`', async (primitive) => {
    const balancing = defineStepPlan({
      name: 'by-hand',
      bind: () => ({
        async step({ jacobian, gramian, gramianOf, combine, apply }) {
          const own = await jacobian();
          await (primitive === 'gramian' ? gramian(own) : gramianOf('shared'));
          await apply(await combine(own, [1, 1]));
          return { losses: own.losses, weights: [1, 1] };
        },
      }),
    });
    const trainer = keep(await vectorTrainer({ balancing, inputs: { x: { shape: [1], dtype: 'float32' } } }));
    const bits = await readBits(trainer);
    const fit = trainer.fit(rowsDataset({ a: [[1, 1]], b: [[1e25, 1]] }), { epochs: 1 });
    await expect(fit).rejects.toThrow(/The squared gradient norm of task `b` is Infinity at step 0/);
    expect(await readBits(trainer)).toEqual(bits);
  });

  it('is told of an aggregation that makes it of finite gradients', async () => {
    const balancing = defineGradientBalancing({
      name: 'rooted',
      bind: () => ({ aggregate: ({ jacobian }) => ({ direction: tf.sqrt(tf.neg(tf.sum(tf.abs(jacobian), 0))) }) }),
    });
    const trainer = keep(await vectorTrainer({ balancing, inputs: { x: { shape: [1], dtype: 'float32' } } }));
    const fit = trainer.fit(rowsDataset({ a: [[1, 1]], b: [[1, 1]] }), { epochs: 1 });
    await expect(fit).rejects.toThrow(/direction is NaN at step 0.* what `rooted` makes of them is not/);
  });
});

it('refuses gradient balancing where nothing is shared, with the reason', async () => {
  const balancing = defineGradientBalancing({
    name: 'even',
    bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
  });
  const sharing = vectorSharing({ a: { size: 2, usedBy: ['a'] }, b: { size: 2, usedBy: ['b'] } });
  const tasks = [linearTask('a', 2), linearTask('b', 2)] as readonly AnyTask[];
  const trainer = keep(await createTrainer({ tasks, sharing, balancing }));
  const fit = trainer.fit(rowsDataset({ a: rows(2), b: rows(2) }), { epochs: 1 });
  await expect(fit).rejects.toMatchObject({ code: 'POLYTASK_NOTHING_SHARED' });
  await expect(fit).rejects.toThrow(/`even` .* under `vectors` no parameter is used by more than one task/);
  await expect(
    createTrainer({ tasks, sharing, balancing, inputs: { x: { shape: [1], dtype: 'float32' } } }),
  ).rejects.toThrow(/no parameter is used/);
});

describe('parts that go by validation data', () => {
  const balancing = defineLossWeighting({
    name: 'looking-ahead',
    needsValidation: true,
    bind: () => ({ scalarize: (losses) => tf.sum(losses) as tf.Scalar }),
  });
  const observer = defineObserver({ name: 'watching', needsValidation: true, bind: () => ({ result: () => ({}) }) });

  it.each([
    ['looking-ahead', { balancing }],
    ['watching', { observers: [observer] }],
  ])('are refused before the first step where there is none: %s', async (name, parts) => {
    const trainer = keep(await vectorTrainer(parts));
    const steps: number[] = [];
    const callbacks = [{ stepEnd: ({ step }: { step: number }) => void steps.push(step) }];
    const data = rowsDataset({ a: rows(2), b: rows(2) });
    const fit = trainer.fit(data, { epochs: 1, callbacks });
    await expect(fit).rejects.toMatchObject({ code: 'POLYTASK_NO_VALIDATION' });
    await expect(fit).rejects.toThrow(`\`${name}\` needs validation data`);
    expect(steps).toEqual([]);
    await trainer.fit(data, { epochs: 1, callbacks, validation: data });
    expect(steps.length).toBeGreaterThan(0);
  });
});

it('refuses plans that want validation data where there is none', async () => {
  const balancing = defineStepPlan({
    name: 'curious',
    bind: () => ({
      async step({ validationBatch }) {
        await validationBatch();
        return { losses: new Float64Array(2), weights: [1, 1] };
      },
    }),
  });
  const trainer = keep(await vectorTrainer({ balancing }));
  await expect(trainer.fit(rowsDataset({ a: rows(2), b: rows(2) }), { epochs: 1 })).rejects.toThrow(
    /`curious` needs validation data/,
  );
});

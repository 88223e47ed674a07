import {
  type AnyTask,
  type AuxiliaryInput,
  defineAuxiliary,
  defineSharing,
  hostTensor,
  mlp,
  type SharingStrategy,
  type StepEvent,
  sgd,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { linearTask, readAll, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { fitSteps, leavingNoTensor, makeTable, mixedTrainer } from '../training/fixtures.js';

const keep = leavingNoTensor();

const tasks: readonly AnyTask[] = [linearTask('a', 1), linearTask('b', 1)];
const vectors = vectorSharing({ v: { size: 1, usedBy: ['a', 'b'] } });
const rows = rowsDataset({ a: [[1], [2]], b: [[3], [4]] });
/** A constant that leans on a parameter, so that its gradient is known. */
const leaning = (layout: { segments: readonly { variable: tf.Variable }[] }, value: number) => {
  const variable = layout.segments[0]?.variable as tf.Tensor;
  return tf.add(tf.sub(tf.sum(variable), tf.sum(variable)), value) as tf.Scalar;
};

describe('auxiliary terms', () => {
  it('are weighted in the gradient, and recorded as they are', async () => {
    const sharing: SharingStrategy = defineSharing({
      ...vectors,
      bind(context) {
        const bound = vectors.bind(context);
        return {
          ...bound,
          auxiliary: [
            {
              name: 'entropy',
              weight: 10,
              loss: ({ state }) => tf.mean(state.outputs.a?.value as tf.Tensor) as tf.Scalar,
            },
          ],
        };
      },
    });
    const penalty = defineAuxiliary({
      name: 'penalty',
      weight: 0.5,
      bind: ({ layout }) => ({ loss: () => tf.add(tf.sum(layout.segments[0]?.variable as tf.Tensor), 7) as tf.Scalar }),
    });
    const events: StepEvent[] = [];
    const inputs = { x: { shape: [1], dtype: 'float32' as const } };
    const options = { tasks, sharing, auxiliary: [penalty, penalty], inputs, optimizer: sgd({ learningRate: 1 }) };
    const trainer = keep(await mixedTrainer(options));
    const [start] = (await readAll(trainer))['v/vector'] as Float32Array;
    const callbacks = [{ stepEnd: (event: StepEvent) => void events.push(event) }];
    const history = await trainer.fit(rows, { epochs: 1, batchSize: 2, callbacks });
    const [end] = (await readAll(trainer))['v/vector'] as Float32Array;
    // Losses: 1.5 v and 3.5 v; terms: 10 · v, and twice 0.5 · (v + 7).
    expect((start as number) - (end as number)).toBeCloseTo(1.5 + 3.5 + 10 + 1, 4);
    const terms = { 'vectors/entropy': start, penalty: (start as number) + 7, 'penalty-2': (start as number) + 7 };
    for (const [name, value] of Object.entries(terms)) {
      expect(events[0]?.terms[name], name).toBeCloseTo(value as number, 5);
      expect(history.auxiliary[name]?.[0], name).toBe(events[0]?.terms[name]);
    }
    expect(Object.keys(history.auxiliary)).toEqual(Object.keys(terms));
  });

  it('balanced like tasks are recorded with their weight, as a loss', async () => {
    const extra = defineAuxiliary({
      name: 'extra',
      weight: 3,
      asTask: true,
      bind: ({ layout }) => ({ loss: () => leaning(layout, 2) }),
    });
    const events: StepEvent[] = [];
    const trainer = keep(await mixedTrainer({ tasks, sharing: vectors, auxiliary: [extra] }));
    const history = await trainer.fit(rows, {
      epochs: 1,
      callbacks: [{ stepEnd: (event) => void events.push(event) }],
    });
    expect(events[0]).toMatchObject({ losses: { extra: 6 }, weights: { a: 1, b: 1, extra: 1 }, terms: {} });
    expect(history.auxiliary).toEqual({ extra: [6] });
    expect(Object.keys(history.tasks)).toEqual(['a', 'b']);
  });

  it('see the state, the batch with its rows, their own feeds, and random numbers of their own', async () => {
    const seen: Record<string, unknown>[] = [];
    const values = (tensor: tf.Tensor | undefined) => Array.from(tensor?.dataSync() ?? []);
    const look = ({ state, batch, feeds, step }: AuxiliaryInput) => {
      seen.push({
        outputs: Object.keys(state.outputs),
        inputs: values(batch.inputs.x),
        targets: values(batch.targets.b),
        weights: values(batch.weights.a),
        ids: values(batch.ids.a),
        feeds: Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, values(tensor)])),
        training: step.training,
        draw: values(step.uniform('draw', [2])),
      });
    };
    const noting = (name: string) =>
      defineAuxiliary({
        name,
        bind: ({ layout }) => ({
          prepare: () => ({ kept: hostTensor([1, 2]) }),
          feeds: ({ step }) => ({ step: hostTensor(step) }),
          loss(input) {
            look(input);
            return leaning(layout, 0);
          },
        }),
      });
    const trainer = keep(await mixedTrainer({ tasks, sharing: vectors, auxiliary: [noting('one'), noting('two')] }));
    await trainer.fit(rowsDataset({ a: [[1], null], b: [[3], [4]] }), { epochs: 1, batchSize: 2, shuffle: false });
    expect(seen[0]).toMatchObject({
      outputs: ['a', 'b'],
      inputs: [1, 1],
      targets: [3, 4],
      weights: [1, 0],
      ids: [0, 1],
      feeds: { kept: [1, 2], step: [0] },
      training: true,
    });
    expect(seen[1]?.draw).not.toEqual(seen[0]?.draw);
  });

  it('must be scalars', async () => {
    const vector = defineAuxiliary({
      name: 'vector',
      bind: () => ({ loss: () => tf.ones([2]) as unknown as tf.Scalar }),
    });
    const trainer = keep(await mixedTrainer({ tasks, sharing: vectors, auxiliary: [vector] }));
    await expect(trainer.fit(rows, { epochs: 1 })).rejects.toThrow(
      /auxiliary term `vector` must have shape \[\], but has shape \[2\]/,
    );
  });
});

it('takes one loss per row from a task', async () => {
  const summed: AnyTask = { ...(tasks[0] as AnyTask), loss: () => tf.ones([1]) as tf.Tensor1D };
  const trainer = keep(await mixedTrainer({ tasks: [summed, tasks[1] as AnyTask], sharing: vectors }));
  await expect(trainer.fit(rows, { epochs: 1 })).rejects.toThrow(
    /loss of task `a`.* must have shape \[2\], but has shape \[1\]/,
  );
});

describe('the sharing strategy', () => {
  it('gets its feeds in training, and outside those of the last step taken', async () => {
    const seen: unknown[] = [];
    const sharing = defineSharing({
      name: 'cooling',
      bind(context) {
        const bound = vectors.bind(context);
        return {
          ...bound,
          feeds: ({ step }) => ({ temperature: hostTensor(1 / (1 + step)) }),
          forward(inputs, step, feeds) {
            seen.push([step.training, Array.from(feeds.temperature?.dataSync() ?? [])]);
            return bound.forward(inputs, step, feeds);
          },
        };
      },
    });
    const trainer = keep(await mixedTrainer({ tasks, sharing }));
    await trainer.fit(rows, { epochs: 1, batchSize: 1 });
    await trainer.predict({ x: hostTensor([1], [1, 1]) });
    // First when the model is built.
    expect(seen).toEqual([
      [false, [1]],
      [true, [1]],
      [true, [0.5]],
      [false, [0.5]],
    ]);
  });
});

describe('statistics of heads', () => {
  const train = makeTable(6, 'statistics', false);
  const onlyLevel = {
    ...train,
    columns: ['level'],
    open: (options: never) => {
      const cursor = train.open(options);
      return {
        ...cursor,
        next: () => {
          const raw = cursor.next();
          if (raw === null) return null;
          const { kind: _, ...columns } = raw.columns;
          return { ...raw, columns };
        },
      };
    },
  };

  it('of a task that is absent stand still, and shared ones move', async () => {
    const sharing = tinySharing(mlp([3], { batchNorm: true }), mlp([2], { batchNorm: true }));
    const trainer = keep(await mixedTrainer({ sharing }));
    await fitSteps(trainer, train, 1, { epochs: 2, batchSize: 6 });
    const first = await readAll(trainer);
    await trainer.fit(train, { epochs: 1, batchSize: 6 });
    await trainer.fit(onlyLevel as never, { epochs: 2, batchSize: 6 });
    const second = await readAll(trainer);
    const moved = Object.keys(first).filter(
      (path) => path.includes('moving') && String(first[path]) !== String(second[path]),
    );
    expect(moved.sort()).toEqual(
      ['heads/level/dense0', 'trunk/dense0'].flatMap((layer) => [
        `${layer}/batchNorm/movingMean`,
        `${layer}/batchNorm/movingVariance`,
      ]),
    );
  });
});

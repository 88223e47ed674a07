import { type AuxiliaryObjective, defineAuxiliary, defineGradientBalancing } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { essence, makeTable, mixedTrainer } from './fixtures.js';

beforeAll(() => tf.setBackend('cpu'));

const data = makeTable(21, 1);
const apart = makeTable(9, 2);

/** Gives rows without a class the class that the model thinks of, from the second epoch on. */
function teachItself(seen: { epoch: number; hasValidation: boolean; rows: number; apart: number }[] = []) {
  return defineAuxiliary({
    name: 'teach-itself',
    bind: () => ({
      loss: () => tf.scalar(0),
      async relabel({ epoch, hasValidation, labels, rows }) {
        const ids: number[] = [];
        const classes: number[] = [];
        let count = 0;
        for await (const { batch, outputs } of rows('train', ['prediction/kind', 'features/level'])) {
          count += batch.size;
          expect(outputs['features/level'].shape).toEqual([batch.size, 5]);
          const { data: probabilities } = outputs['prediction/kind'];
          batch.weights.kind?.forEach((weight, row) => {
            if (weight > 0) return;
            const of = Array.from(probabilities.subarray(3 * row, 3 * row + 3));
            ids.push(batch.ids.kind?.[row] as number);
            classes.push(of.indexOf(Math.max(...of)));
          });
        }
        let others = 0;
        for await (const { batch } of rows('validation', [])) others += batch.size;
        seen.push({ epoch, hasValidation, rows: count, apart: others });
        if (ids.length > 0 && epoch > 1) {
          labels.setOverlay('kind', {
            ids: Int32Array.from(ids),
            targets: { data: Int32Array.from(classes), shape: [ids.length] },
          });
        }
        return { without: ids.length };
      },
    }),
  });
}

test('a term may lay labels over rows after an epoch, from what the model makes of them', async () => {
  const seen: Parameters<typeof teachItself>[0] = [];
  const trainer = await mixedTrainer({ auxiliary: [teachItself(seen)] });
  const history = await trainer.fit(data, { epochs: 4, batchSize: 4, validation: apart, evaluationBatchSize: 8 });
  expect(seen).toEqual([1, 2, 3, 4].map((epoch) => ({ epoch, hasValidation: true, rows: 21, apart: 9 })));
  // Nine rows lack a class until the second epoch is over.
  expect(history.logged['teach-itself/without']).toEqual([9, 9, 0, 0]);
  expect(trainer.labels.lookup('kind')?.ids.length).toBe(9);
  trainer.dispose();
});

test('a run that is interrupted between goes on to the same numbers', async () => {
  const whole = await mixedTrainer({ auxiliary: [teachItself()] });
  await whole.fit(data, { epochs: 4, batchSize: 4 });
  const begun = await mixedTrainer({ auxiliary: [teachItself()] });
  await begun.fit(data, { epochs: 2, batchSize: 4 });
  const resumed = await mixedTrainer({ auxiliary: [teachItself()] });
  await resumed.restore(await begun.checkpoint());
  await resumed.fit(data, { epochs: 4, batchSize: 4 });
  expect(await essence(resumed)).toEqual(await essence(whole));
  for (const trainer of [whole, begun, resumed]) trainer.dispose();
});

test('refuses outputs that there are not', async () => {
  const curious = defineAuxiliary({
    name: 'curious',
    bind: () => ({
      loss: () => tf.scalar(0),
      async relabel({ rows }) {
        for await (const _ of rows('train', ['prediction/kid'])) break;
      },
    }),
  });
  const trainer = await mixedTrainer({ auxiliary: [curious] });
  await expect(trainer.fit(data, { epochs: 1 })).rejects.toThrow('Did you mean `prediction/kind`?');
  trainer.dispose();
});

/** Has `level` learn from something else than its labels. */
const instead = (make: (labels: tf.Tensor) => tf.Tensor, task = 'level'): AuxiliaryObjective =>
  defineAuxiliary({
    name: 'instead',
    bind: () => ({
      targets: ({ batch }) => ({ [task]: make(batch.targets.level as tf.Tensor) }),
      loss: () => tf.scalar(0),
    }),
  });

const equal = defineGradientBalancing({
  name: 'equal',
  bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
});

test.each([undefined, equal])(
  'tasks learn from the targets that a term gives, under any balancing',
  async (balancing) => {
    const run = async (auxiliary: AuxiliaryObjective[]) => {
      const trainer = await mixedTrainer({ auxiliary, ...(balancing && { balancing }) });
      const { tasks } = (await trainer.fit(data, { epochs: 3, batchSize: 7 })) as { tasks: Record<string, unknown> };
      const numbers = (await trainer.predict({ x: { data: Float32Array.of(1, 0, 0), shape: [1, 3] } })) as Record<
        string,
        unknown
      >;
      trainer.dispose();
      return {
        level: (numbers.level as number[])[0] as number,
        loss: (tasks.level as { trainLoss: number[] }).trainLoss,
      };
    };
    const plain = await run([]);
    expect(await run([instead((labels) => tf.mul(labels, 1))])).toEqual(plain);
    const moved = await run([instead((labels) => tf.sub(labels, 300))]);
    expect(moved.level).toBeLessThan(plain.level - 20);
    expect(moved.loss[0]).toBeGreaterThan(10 * (plain.loss[0] as number));
    // Of several terms the later sees what the earlier gave.
    const back = await run([instead((labels) => tf.add(labels, 64)), instead((labels) => tf.sub(labels, 64))]);
    expect(back.level).toBeCloseTo(plain.level, 2);
  },
);

test('targets of tasks that there are not are refused', async () => {
  const trainer = await mixedTrainer({ auxiliary: [instead((labels) => labels, 'levle')] });
  await expect(trainer.fit(data, { epochs: 1 })).rejects.toThrow('Did you mean `level`?');
  trainer.dispose();
});

test('gives what is named of a forward pass, as predict and inspect have it', async () => {
  const trainer = await mixedTrainer();
  await trainer.fit(data, { epochs: 1 });
  const inputs = { x: { data: Float32Array.of(1, 0, 0, 0, 1, 0), shape: [2, 3] } };
  const found = await trainer.forward(inputs, ['prediction/level', 'features/kind']);
  expect(Object.keys(found)).toEqual(['prediction/level', 'features/kind']);
  const predicted = (await trainer.predict(inputs)) as unknown as { level: number[] };
  expect(Array.from(found['prediction/level'].data)).toEqual(predicted.level);
  expect(found['features/kind']).toEqual((await trainer.inspect(inputs)).features.kind);
  await expect(trainer.forward(inputs, ['loss/level' as never])).rejects.toThrow('output of the forward pass');
  trainer.dispose();
});

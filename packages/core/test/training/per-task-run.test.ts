import { type AnyTask, adam, type FitOptions, mlp, type Trainer, tableDataset } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { disposer, makeTable, mixedTrainer, restlessSharing } from './fixtures.js';

const { keep, disposeAll } = disposer();
beforeEach(() => useBackend('cpu'));
afterEach(disposeAll);

const train = makeTable(24, 'train');
/** Training makes kinds better, and levels worse from the first step on: they are the other way round. */
const validation = (() => {
  const { inputs, columns } = makeTable(30, 'validation').gather(Array.from({ length: 30 }, (_, row) => row));
  const level = { data: Float32Array.from(columns.level?.data ?? [], (value) => 200 - value), shape: [30] };
  return tableDataset({ inputs: { x: inputs.x as never }, columns: { kind: columns.kind as never, level } });
})();
const fit: FitOptions = {
  epochs: 12,
  batchSize: 8,
  validation,
  earlyStopping: { patience: 3, monitor: 'tasks', restoreBest: 'per-task' },
};
const make = () => mixedTrainer({ sharing: restlessSharing(), optimizer: adam({ learningRate: 0.03 }) });

type Scored = Record<string, Record<string, number>>;
const scoresOf = async (trainer: Trainer<readonly AnyTask[]>) =>
  (await trainer.evaluate(validation)).tasks as unknown as Scored;

describe('a model of the best epoch of every task', () => {
  it('has for each the scores that it had in its own best epoch', async () => {
    const trainer = keep(await make());
    const history = await trainer.fit(train, fit);
    const best = Object.fromEntries(
      Object.entries(history.tasks as unknown as Scored).map(([name, course]) => {
        const losses = course.loss as unknown as number[];
        return [name, losses.indexOf(Math.min(...losses))];
      }),
    ) as Record<string, number>;
    // Else it would show nothing.
    expect(new Set(Object.values(best)).size).toBe(2);
    expect(history.restored).toEqual({ kind: (best.kind as number) + 1, level: (best.level as number) + 1 });
    const scores = await scoresOf(trainer);
    for (const task of ['kind', 'level']) {
      const course = (history.tasks as unknown as Scored)[task] as unknown as Record<string, number[]>;
      expect(scores[task]?.loss).toBe(course.loss?.[best[task] as number]);
    }
  });

  it('is the same after saving and loading: as a model and as a checkpoint', async () => {
    const trainer = keep(await make());
    await trainer.fit(train, fit);
    const scores = await scoresOf(trainer);
    const model = await trainer.model();
    expect(model.perTask).toBe(true);
    const loaded = keep(await make());
    await loaded.loadModel(structuredClone(model));
    expect(await scoresOf(loaded)).toEqual(scores);
    expect(await loaded.model()).toEqual(model);
    const restored = keep(await make());
    await restored.restore(await trainer.checkpoint());
    expect(await scoresOf(restored)).toEqual(scores);
    expect(restored.history).toEqual(trainer.history);
  });

  it('is made anew where training goes on, from where it was and not from the best epochs', async () => {
    const once = keep(await make());
    await once.fit(train, { ...fit, earlyStopping: { patience: 99, restoreBest: 'per-task' }, epochs: 4 });
    const whole = keep(await make());
    const longer: FitOptions = { ...fit, earlyStopping: { patience: 99, restoreBest: 'per-task' }, epochs: 8 };
    await once.fit(train, longer);
    await whole.fit(train, longer);
    expect(await scoresOf(once)).toEqual(await scoresOf(whole));
    expect(once.history?.restored).toEqual(whole.history?.restored);
  });

  it('predicts and is exported as what is measured', async () => {
    const trainer = keep(await make());
    await trainer.fit(train, fit);
    const { inputs } = validation.gather([0, 1, 2]);
    const [outputs, inference] = [await trainer.inspect(inputs), await trainer.inference()];
    const level = await trainer.predict(inputs);
    const { mean, standardDeviation } = inference.constants.level as { mean: number; standardDeviation: number };
    const raw = outputs.outputs.level?.value?.data as Float32Array;
    (level.level as number[]).forEach((value, i) => {
      expect(value).toBeCloseTo((raw[i] as number) * standardDeviation + mean, 3);
    });
    expect(inference.layout.segments.some(({ path }) => path.startsWith('copies/kind/'))).toBe(true);
  });

  it('takes the last parameters for a task without a validation label', async () => {
    const trainer = keep(await make());
    const blind = makeTable(30, 'validation').gather(Array.from({ length: 30 }, (_, i) => i));
    expect(blind.size).toBe(30);
    const without = tableDataset({
      inputs: { x: blind.inputs.x as never },
      columns: { kind: new Int32Array(30).fill(-1), level: blind.columns.level as never },
    });
    const history = await trainer.fit(train, { ...fit, validation: without, epochs: 4 });
    expect((history.restored as Record<string, number>).kind).toBe(4);
  });

  it('is one of strategies whose numbers change from step to step, as the last step left them', async () => {
    const trainer = keep(await mixedTrainer({ sharing: tinySharing(mlp([3])) }));
    await trainer.fit(train, fit);
    expect(Object.keys(await scoresOf(trainer))).toEqual(['kind', 'level']);
  });

  it('leaks nothing', async () => {
    const before = tf.memory().numTensors;
    const trainer = await make();
    await trainer.fit(train, fit);
    await trainer.fit(train, { ...fit, epochs: 14 });
    await scoresOf(trainer);
    await trainer.restore(await trainer.checkpoint());
    await trainer.loadModel(await trainer.model());
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

import {
  binary,
  calibrate,
  classification,
  InvalidOptionError,
  multiLabel,
  regression,
  tableDataset,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bestThreshold } from '../../src/evaluation/best-threshold.js';
import { type Logits, probabilitiesOf } from '../../src/evaluation/collect-logits.js';
import { fitTemperature } from '../../src/evaluation/fit-temperature.js';
import { createTrainer } from '../../src/training/trainer.js';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { disposer } from '../training/fixtures.js';

const logits = (more: Partial<Logits> & Pick<Logits, 'values' | 'targets'>): Logits => {
  const width = more.width ?? 1;
  const rows = more.values.length / width;
  return { isSoftmax: false, width, rows, weights: Array.from({ length: rows }, () => 1), ...more };
};

describe('fitTemperature', () => {
  it('finds what makes the probabilities come true', () => {
    // Logits of 2 that are right as often as a logit of 1 says: 1 / (1 + 1 / e).
    const right = 1 / (1 + Math.exp(-1));
    const yes = logits({ values: [2, 2, -2], targets: [1, 0, 0], weights: [right, 1 - right, 0] });
    expect(fitTemperature(yes)).toBeCloseTo(2, 6);
    // Three classes, the first with a logit z: of e^(z/T) / (e^(z/T) + 2) = 0.6 follows z / T = ln 3.
    const z = 0.5 * Math.log(3);
    const classes = logits({
      ...{ isSoftmax: true, width: 3, values: [z, 0, 0, z, 0, 0, z, 0, 0] },
      ...{ targets: [1, 0, 0, 0, 1, 0, 0, 0, 1], weights: [0.6, 0.2, 0.2] },
    });
    expect(fitTemperature(classes)).toBeCloseTo(0.5, 6);
  });

  it('leaves out what is not known, and stays within its bounds', () => {
    const right = 1 / (1 + Math.exp(-1));
    const known = logits({
      ...{ width: 2, values: [2, 9, 2, 9], targets: [1, Number.NaN, 0, Number.NaN] },
      weights: [right, 1 - right],
    });
    expect(fitTemperature(known)).toBeCloseTo(2, 6);
    expect(fitTemperature(logits({ values: [3, -3], targets: [1, 0] }))).toBe(0.05);
    expect(fitTemperature(logits({ values: [3, -3], targets: [0, 1] }))).toBe(20);
  });

  it('has the least log loss of all temperatures', () => {
    const loss = (some: Logits, temperature: number) =>
      probabilitiesOf(some, temperature).reduce((sum, probability, i) => {
        const p = Math.min(1 - 1e-15, Math.max(1e-15, probability));
        const target = some.targets[i] as number;
        return sum - (some.isSoftmax ? target * Math.log(p) : target * Math.log(p) + (1 - target) * Math.log(1 - p));
      }, 0);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: -4, max: 4, noNaN: true }), fc.boolean()), { minLength: 6, maxLength: 30 }),
        (rows) => {
          const some = logits({ values: rows.map(([value]) => value), targets: rows.map(([, yes]) => Number(yes)) });
          const best = loss(some, fitTemperature(some));
          for (const other of [0.1, 0.5, 1, 1.7, 4, 15]) expect(best).toBeLessThanOrEqual(loss(some, other) + 1e-9);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('bestThreshold', () => {
  it('has the best F1 of all thresholds', () => {
    const f1 = (rows: readonly (readonly [number, boolean])[], threshold: number) => {
      const called = rows.filter(([p]) => p >= threshold);
      const right = called.filter(([, yes]) => yes).length;
      return (2 * right) / Math.max(1, called.length + rows.filter(([, yes]) => yes).length);
    };
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 1, max: 99 }).map((p) => p / 100),
            fc.boolean(),
          ),
          { minLength: 1, maxLength: 40 },
        ),
        (rows) => {
          const some = { width: 1, targets: rows.map(([, yes]) => Number(yes)), weights: rows.map(() => 1) };
          const threshold = bestThreshold(
            rows.map(([p]) => p),
            some,
          );
          const best = Math.max(...Array.from({ length: 101 }, (_, i) => f1(rows, i / 100 + 0.005)));
          if (rows.some(([, yes]) => yes)) expect(f1(rows, threshold)).toBeGreaterThanOrEqual(best - 1e-12);
          else expect(threshold).toBe(0.5);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('lies in the middle, and counts weights', () => {
    const some = { width: 1, targets: [0, 1, 0, 1], weights: [1, 1, 1, 0] };
    expect(bestThreshold([0.1, 0.4, 0.2, 0.05], some)).toBeCloseTo(0.3, 12);
  });
});

describe('calibrate', () => {
  const { keep, disposeAll } = disposer();
  let before: number;
  beforeEach(async () => {
    await useBackend('cpu');
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    disposeAll();
    expect(tf.memory().numTensors).toBe(before);
  });

  const rows = 60;
  const x = Float32Array.from({ length: rows }, (_, i) => (i % 20) / 10 - 1);
  const data = tableDataset({
    inputs: { x: { data: x, shape: [rows, 1] } },
    columns: {
      kind: Int32Array.from(x, (value, i) => (i === 0 ? -1 : i % 7 === 0 ? 2 : value > 0 ? 1 : 0)),
      late: Float32Array.from(x, (value, i) => (i % 5 === 0 ? Number(value <= 0) : Number(value > 0))),
      tags: { data: Float32Array.from({ length: 2 * rows }, (_, i) => i % 3 && Number(i % 2 === 0)), shape: [rows, 2] },
      size: x,
    },
  });
  const trained = async () => {
    const tasks = [
      classification('kind', { classes: 3 }),
      binary('late', { threshold: 'auto' }),
      multiLabel('tags', { labels: 2 }),
      regression('size'),
    ] as const;
    const trainer = keep(await createTrainer({ tasks, sharing: tinySharing(), seed: 2 }));
    await trainer.fit(data, { epochs: 3, batchSize: 8 });
    return trainer;
  };

  it('gives temperatures that a model predicts with, and by which its log loss is less', async () => {
    const trainer = await trained();
    const found = await calibrate(trainer, data, { thresholds: ['late'] });
    expect(Object.keys(found)).toEqual(['kind', 'late', 'tags']);
    const scores = (await trainer.evaluate(data)).tasks;
    expect(found.kind?.errorBefore).toBeGreaterThanOrEqual(0);
    const model = await trainer.model();
    const constants = Object.fromEntries(
      Object.entries(model.constants).map(([task, known]) => {
        const { temperature } = found[task] ?? {};
        return [task, temperature === undefined ? known : { ...known, temperature }];
      }),
    );
    await trainer.loadModel({ ...model, constants });
    const after = (await trainer.evaluate(data)).tasks;
    for (const task of ['kind', 'late', 'tags'] as const) {
      expect(after[task].logLoss).toBeLessThan(scores[task].logLoss + 1e-6);
      expect(after[task].loss).toBeCloseTo(scores[task].loss, 6);
    }
    expect(after.kind.accuracy).toBe(scores.kind.accuracy);
    expect(after.late.auc).toBeCloseTo(scores.late.auc, 9);
    // Found again, it is what the model has; thresholds are of the probabilities that the model gives.
    const again = await calibrate(trainer, data, { temperature: false, thresholds: ['late'] });
    expect(again).toEqual({ late: { threshold: expect.closeTo(found.late?.threshold as number, 5) } });
    expect((await calibrate(trainer, data)).late?.temperature).toBeCloseTo(found.late?.temperature as number, 6);
  });

  it('leaves out tasks without a label, and refuses thresholds of tasks that have none', async () => {
    const trainer = await trained();
    const unlabelled = tableDataset({
      inputs: { x: { data: x, shape: [rows, 1] } },
      columns: {
        ...Object.fromEntries(['late', 'size'].map((name) => [name, new Float32Array(rows).fill(Number.NaN)])),
      },
    });
    expect(await calibrate(trainer, unlabelled)).toEqual({});
    await expect(calibrate(trainer, data, { thresholds: ['kind'] })).rejects.toThrow(InvalidOptionError);
  });
});

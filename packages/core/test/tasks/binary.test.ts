import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { binary } from '../../src/tasks/binary.js';
import {
  binaryCrossEntropy,
  centralDifferences,
  distance,
  leaked,
  leakedByGradient,
  lossAndGradient,
} from './check-loss.js';

const code = (value: string) => expect.objectContaining({ code: value });

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('binary: loss', () => {
  const task = binary('rain');

  it('has the golden values', () => {
    // Odds 1:1 and 3:1: log 2, −log(3/4), −log(1/4); gradients p − t.
    const output = { shape: [3, 1], values: [0, Math.log(3), Math.log(3)] };
    const { losses, gradient, shape } = lossAndGradient(task, output, tf.tensor1d([0, 1, 0], 'int32'));
    expect(shape).toEqual([3]);
    expect(distance(losses, [Math.log(2), Math.log(4 / 3), Math.log(4)])).toBeLessThan(1e-6);
    expect(distance(gradient, [0.5, -0.25, 0.75])).toBeLessThan(1e-6);
  });

  it('agrees with a float64 derivation and its finite differences, for soft targets too', () => {
    const unit = fc.float({ min: 0, max: 1, noNaN: true });
    const row = fc.record({ z: fc.float({ min: -30, max: 30, noNaN: true }), t: unit, factor: unit });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (rows) => {
        const output = { shape: [rows.length, 1], values: rows.map((r) => r.z) };
        const target = tf.tensor1d(rows.map((r) => r.t));
        const factors = rows.map((r) => r.factor);
        const found = lossAndGradient(task, output, target, {}, factors);
        const slopes = rows.map(
          (r) => (centralDifferences(([z]) => binaryCrossEntropy(z as number, r.t), [r.z])[0] ?? 0) * r.factor,
        );
        expect(
          distance(
            found.losses,
            rows.map((r) => binaryCrossEntropy(r.z, r.t)),
          ),
        ).toBeLessThan(2e-6);
        expect(distance(found.gradient, slopes)).toBeLessThan(2e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no tensor behind', () => {
    const logits = tf.zeros([2, 1]);
    const target = tf.tensor1d([0, 1], 'int32');
    expect(leaked(() => task.loss({ logits }, target, {}))).toBe(0);
    expect(leaked(() => task.predict({ logits }, {}))).toBe(0);
    expect(leakedByGradient(task, [2, 1], target, {})).toBe(0);
  });
});

describe('binary: labels', () => {
  const labels = (values: readonly number[], weights: readonly number[] = values.map(() => 1)) => ({
    targets: { data: Int32Array.from(values), shape: [values.length] },
    weights: Float32Array.from(weights),
  });

  it('weighs positive rows', () => {
    const target = { data: Int32Array.of(0, 1, -1), shape: [3] };
    const weights = (task: ReturnType<typeof binary>, constants = {}) =>
      [0, 1, 2].map((row) => task.rowWeight?.(target, row, constants));
    expect(weights(binary('t'))).toEqual([1, 1, 0]);
    expect(weights(binary('t', { positiveWeight: 3 }))).toEqual([1, 3, 0]);
    const balanced = binary('t', { positiveWeight: 'balanced' });
    const constants = balanced.prepare?.(labels([0, 0, 0, 1], [1, 1, 1, 2])) ?? {};
    expect(constants).toEqual({ positiveWeight: 1.5 });
    expect(weights(balanced, constants)).toEqual([1, 1.5, 0]);
    expect(binary('t', { positiveWeight: 3 }).rowWeight?.({ data: Float32Array.of(0.5), shape: [1] }, 0, {})).toBe(2);
  });

  it('refuses labels that cannot be', () => {
    const balanced = binary('rain', { positiveWeight: 'balanced' });
    expect(() => balanced.prepare?.(labels([1, 1]))).toThrow(/Task `rain`: every training label is 1/);
    expect(() => binary('rain').prepare?.(labels([0, 2]))).toThrow(/row 1 has the label 2/);
    expect(() => binary('rain').prepare?.(labels([]))).toThrow(code('POLYTASK_LABELS'));
    expect(() => binary('rain').rowWeight?.({ data: Int32Array.of(2), shape: [1] }, 0, {})).toThrow(/label 2/);
    expect(binary('rain').prepare?.(labels([1, 1]))).toEqual({});
  });
});

describe('binary: description', () => {
  it('predicts the probability of a yes and decodes by the threshold', () => {
    const task = binary('rain', { labels: ['dry', 'wet'], threshold: 0.3 });
    const p = tf.tidy(() => task.predict({ logits: tf.tensor2d([[0], [Math.log(3)]]) }, {}));
    expect(p.shape).toEqual([2]);
    expect(distance(Array.from(p.dataSync()), [0.5, 0.75])).toBeLessThan(1e-6);
    expect(task.decode({ data: Float32Array.of(0.25, 0.5), shape: [2] })).toEqual([
      { label: 'dry', probability: 0.25 },
      { label: 'wet', probability: 0.5 },
    ]);
    expect(binary('t').decode({ data: Float32Array.of(1), shape: [1] })[0]?.label).toBe('positive');
  });

  it('reads answers as numbers, so that probabilities can stand in for them', () => {
    expect(binary('t').target).toEqual({ shape: [], dtype: 'float32' });
  });

  it('hands its threshold to the usual metrics', () => {
    const [accuracy] = binary('t', { threshold: 0.8 }).metrics;
    const running = accuracy.start();
    const rows = { data: Float32Array.of(0.7), shape: [1] };
    running.update({ predictions: rows, targets: { data: Int32Array.of(0), shape: [1] }, weights: Float32Array.of(1) });
    expect(running.result()).toBe(1);
  });

  it.each([
    ['threshold', { threshold: 0 }],
    ['threshold', { threshold: 1 }],
    ['positiveWeight', { positiveWeight: 0 }],
    ['labels', { labels: ['a', 'a'] as const }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => binary('t', options)).toThrow(code('POLYTASK_INVALID_OPTION'));
    expect(() => binary('t', options)).toThrow(`\`${option}\``);
  });
});
